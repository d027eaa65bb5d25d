//! What a near-cache holds, and for how long.

use std::time::Duration;

/// What a near-cache holds, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct NearSettings {
    /// What its keys begin with.
    pub prefix: &'static str,
    /// Memory for values, in bytes of key, value and table.
    pub max_bytes: u64,
    /// Memory for absences, in bytes: apart, so that a flood of unknown keys displaces no known one.
    pub max_absent_bytes: u64,
    /// How long a value may be used while its key is watched; the safety net. Each entry gets up to a tenth less.
    pub ttl: Duration,
    /// How long an absence is remembered while its key is watched.
    pub absent_ttl: Duration,
    /// How long either may be used while nobody would tell of a change, from the beginning of its load.
    pub unwatched_ttl: Duration,
    /// How long a value is kept, unused, to be told by [`Held::Stale`](super::Held::Stale).
    pub stale_for: Duration,
}
