//! The two messages of a task: an order to the child, and the outcome from it. Both have a fixed length.
//!
//! Parent and child are the same program, so numbers are in the machine's byte order.

/// The message to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Bytes of the input, at the start of the shared memory.
    pub(crate) input_bytes: u64,
    /// Maximum bytes of the result, which replaces the input.
    pub(crate) output_bytes: u64,
    /// Maximum bytes of address space, in addition to that of the program.
    pub(crate) memory_bytes: u64,
    /// Maximum seconds of CPU time.
    pub(crate) cpu_secs: u64,
}

impl Order {
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        bytemuck::cast([self.input_bytes, self.output_bytes, self.memory_bytes, self.cpu_secs])
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let [input_bytes, output_bytes, memory_bytes, cpu_secs] = bytemuck::cast(bytes);
        Self { input_bytes, output_bytes, memory_bytes, cpu_secs }
    }
}

/// The message from a child. It comes from a process that may have parsed hostile input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether the result is an error.
    pub(crate) is_error: bool,
    /// The parts of the sandbox that the system did not allow.
    pub(crate) missing: Missing,
    /// Bytes of the result, at the start of the shared memory.
    pub(crate) length: u64,
}

/// The parts of the sandbox that the system did not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Landlock.
    pub(crate) landlock: bool,
    /// The list of allowed system calls.
    pub(crate) seccomp: bool,
}

impl Outcome {
    pub(crate) const BYTES: usize = 24;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let missing = u64::from(self.missing.landlock) | u64::from(self.missing.seccomp) << 1;
        bytemuck::cast([u64::from(self.is_error), missing, self.length])
    }

    /// Returns `None` for bytes that no child sends unless it was taken over.
    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let [is_error, missing, length]: [u64; 3] = bytemuck::cast(bytes);
        let missing = Missing { landlock: missing & 1 != 0, seccomp: missing & 2 != 0 };
        (is_error <= 1).then_some(Self { is_error: is_error == 1, missing, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_round_trip() {
        let order = Order { input_bytes: 1, output_bytes: u64::MAX, memory_bytes: 2 << 40, cpu_secs: 3 };
        assert_eq!(Order::from_bytes(order.to_bytes()), order);
        for (landlock, seccomp) in [(false, false), (true, false), (false, true), (true, true)] {
            let missing = Missing { landlock, seccomp };
            let outcome = Outcome { is_error: seccomp, missing, length: u64::MAX - 1 };
            assert_eq!(Outcome::from_bytes(outcome.to_bytes()), Some(outcome));
        }
        assert_eq!(Outcome::from_bytes([2; Outcome::BYTES]), None);
    }
}
