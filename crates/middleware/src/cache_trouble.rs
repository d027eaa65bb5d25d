//! What a layer leaves for those behind it when the cache failed.

/// In the extensions of a request: the cache gave no answer to a layer in front. Whoever comes next takes its fallback at
/// once, so that no request waits for the same outage twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheTrouble;
