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
    /// How long a request's body may take to come in; above it 408.
    pub body_time: Duration,
    /// Bytes of a request's body; above it 413.
    pub max_request_bytes: usize,
    /// Bytes of requests' bodies that are read or with their handlers, of all callers together; above it 503. A body counts
    /// as the length that it announces, or else as `max_request_bytes`, until it is there. One caller has half of this, or
    /// one body of the largest size if that is more.
    pub max_reading_bytes: usize,
    /// Bodies of up to so many bytes have room of their own, so that small writes go on while others send large bodies slowly:
    /// for twice `max_running` of them.
    pub small_request_bytes: usize,
    /// Bytes of an answer's body that is kept for repeats; a larger one is handed on and not kept.
    pub max_answer_bytes: usize,
    /// How many keyed writes run at once, those whose answer waits for the cache to come back among them; above it 503. One
    /// caller has half of this, in which those count whose body is still read. To be fewer than the requests that the server
    /// works on at once: a handler outlives its client, and then the server counts it no more.
    pub max_running: usize,
    /// Bytes of answers that wait for the cache to come back; above it only the fact that there was one is kept.
    pub max_waiting_bytes: usize,
}

impl Default for IdempotencySettings {
    /// 5 minutes and at most a day; 10 s of lease; 5 minutes to run, 1 s for the ledger; bodies of 1 MiB in 10 s, 64 MiB of
    /// them at once and 8 MiB of those up to 16 KiB; 256 writes at once, 32 MiB of answers waiting.
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            ttl: Duration::from_secs(300),
            max_ttl: Duration::from_secs(86_400),
            lease: Duration::from_secs(10),
            max_run: Duration::from_secs(300),
            ledger_time: Duration::from_secs(1),
            body_time: Duration::from_secs(10),
            max_request_bytes: MIB,
            max_reading_bytes: 64 * MIB,
            small_request_bytes: 16 * 1024,
            max_answer_bytes: MIB,
            max_running: 256,
            max_waiting_bytes: 32 * MIB,
        }
    }
}

impl IdempotencySettings {
    /// What all callers may have of `max_reading_bytes`: a body that is not too large is not refused for ever.
    pub(super) fn reading_bytes(&self) -> usize {
        self.max_reading_bytes.max(self.max_request_bytes)
    }

    /// What one caller may have of them.
    pub(super) fn reading_bytes_of_one(&self) -> usize {
        (self.max_reading_bytes / 2).max(self.max_request_bytes)
    }

    /// What all small bodies may have.
    pub(super) fn small_reading_bytes(&self) -> usize {
        self.max_running.saturating_mul(2).saturating_mul(self.small_request_bytes)
    }

    /// How many of `max_running` one caller may have.
    pub(super) fn running_of_one(&self) -> usize {
        self.max_running.div_ceil(2)
    }
}
