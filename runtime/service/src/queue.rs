//! The names of the queues of images.

/// A queue for memory, and for a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// For the buffers of sources.
    Source,
    /// The lane of small images.
    Small,
    /// The lane of large images.
    Large,
}

impl Queue {
    /// All queues, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Source, Self::Small, Self::Large];

    /// Returns the name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}
