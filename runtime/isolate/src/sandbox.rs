//! The restrictions that a child puts on itself before it reads a byte of its input.

use crate::message::{Missing, Order};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// The number of descriptors: the three standard ones are open, and no other can be opened.
const MAX_DESCRIPTORS: u64 = 3;

/// Makes the system end this process when the thread that started it ends. Elsewhere than on Linux it ends at the
/// latest when it has used its CPU time.
pub(crate) fn end_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Applies the limits of `order`, then forbids files, sockets and processes. Returns what the system did not allow.
///
/// # Errors
/// A limit cannot be set: the task must not run then.
pub(crate) fn restrict(order: Order) -> io::Result<Missing> {
    let limits = [
        (Resource::As, program_bytes().saturating_add(order.memory_bytes)),
        (Resource::Fsize, order.output_bytes),
        (Resource::Nofile, MAX_DESCRIPTORS),
        (Resource::Nproc, 0),
        (Resource::Core, 0),
    ];
    // Landlock needs a descriptor.
    let landlock = !forbid_files();
    for (resource, limit) in limits {
        set_limit(resource, limit, limit)?;
    }
    // The first limit is a signal that the parent can tell from others, the second one kills.
    set_limit(Resource::Cpu, order.cpu_secs, order.cpu_secs.saturating_add(1))?;
    let seccomp = !forbid_calls();
    Ok(Missing { landlock, seccomp })
}

/// Lowers a limit. One that is lower already stays.
fn set_limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum.map_or(hard, |maximum| maximum.min(hard));
    Ok(setrlimit(resource, Rlimit { current: Some(soft.min(maximum)), maximum: Some(maximum) })?)
}

/// Returns the bytes of address space that the program takes before its task.
#[cfg(target_os = "linux")]
fn program_bytes() -> u64 {
    /// More than the program takes, for systems without this file.
    const MAX_BYTES: u64 = 1 << 30;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or(MAX_BYTES, |kib| kib << 10)
}

/// Other systems reserve address space generously.
#[cfg(not(target_os = "linux"))]
fn program_bytes() -> u64 {
    1 << 40
}

#[cfg(target_os = "linux")]
use linux::{forbid_calls, forbid_files};

/// Elsewhere there are resource limits only.
#[cfg(not(target_os = "linux"))]
fn forbid_files() -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn forbid_calls() -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreated, RulesetError, RulesetStatus,
        Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };
    use std::{collections::BTreeMap, error::Error};

    /// The newest set of rights that is known here; older kernels apply those that they know.
    const LANDLOCK: ABI = ABI::V6;

    /// System calls that computing, allocating, and reading and writing the shared memory and the socket need. None
    /// starts a thread.
    const ALLOWED: &[libc::c_long] = &[
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_pwrite64,
        libc::SYS_read,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sendto,
        libc::SYS_sigaltstack,
        libc::SYS_write,
        libc::SYS_writev,
    ];

    /// Denies every file, every TCP port, and signals to other processes. Returns whether the kernel does so.
    pub(super) fn forbid_files() -> bool {
        let restrict = || -> Result<_, RulesetError> {
            // No rule follows, so every right that the set names is denied.
            Ruleset::default()
                .handle_access(AccessFs::from_all(LANDLOCK))?
                .handle_access(AccessNet::from_all(LANDLOCK))?
                .scope(Scope::from_all(LANDLOCK))?
                .create()
                .and_then(RulesetCreated::restrict_self)
        };
        restrict().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
    }

    /// Denies every system call that is not on the list. Returns whether the kernel does so.
    ///
    /// A denied call fails, and does not end the process: allocators and the standard library try some calls and do
    /// without them.
    pub(super) fn forbid_calls() -> bool {
        program().and_then(|program| Ok(apply_filter(&program)?)).is_ok()
    }

    fn program() -> Result<BpfProgram, Box<dyn Error>> {
        let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        // Memory is never executable.
        let executable = libc::PROT_EXEC as u64;
        let is_data =
            SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)?;
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            rules.insert(call, vec![SeccompRule::new(vec![is_data.clone()])?]);
        }
        // An abort is a signal to itself.
        let own = u64::from(std::process::id());
        let is_own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?;
        rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![is_own])?]);
        let denied = SeccompAction::Errno(libc::EPERM as u32);
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        Ok(SeccompFilter::new(rules, denied, SeccompAction::Allow, arch)?.try_into()?)
    }
}
