//! How long and how much.

use std::time::Duration;

/// The limits of [`IdempotencyLayer`](super::IdempotencyLayer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencySettings {
    /// For how long a repeat gets the first answer, where the request does not say.
    pub ttl: Duration,
    /// The longest that a request may ask for; more is lowered to this.
    pub max_ttl: Duration,
    /// How long a claim stands after the process that holds it died. The living holder renews it three times in that
    /// time. Longer than `ledger_time` and the 500 ms of a cache operation.
    pub lease: Duration,
    /// How long a handler may run. After that it is stopped and the key is free.
    pub max_run: Duration,
    /// How long the ledger may take to answer.
    pub ledger_time: Duration,
    /// Bytes of a request's body; above it 413.
    pub max_request_bytes: usize,
    /// Bytes of an answer's body that is kept for repeats; a larger one is handed on and not kept.
    pub max_answer_bytes: usize,
    /// How many keyed writes run at once, those whose answer waits for the cache to come back among them; above it 503.
    pub max_running: usize,
    /// Bytes of answers that wait for the cache to come back; above it only the fact that there was one is kept.
    pub max_waiting_bytes: usize,
}

impl Default for IdempotencySettings {
    /// 5 minutes and at most a day; 10 s of lease; 5 minutes to run, 1 s for the ledger; bodies of 1 MiB; 1,024 at once,
    /// 32 MiB waiting.
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            ttl: Duration::from_secs(300),
            max_ttl: Duration::from_secs(86_400),
            lease: Duration::from_secs(10),
            max_run: Duration::from_secs(300),
            ledger_time: Duration::from_secs(1),
            max_request_bytes: MIB,
            max_answer_bytes: MIB,
            max_running: 1024,
            max_waiting_bytes: 32 * MIB,
        }
    }
}
