//! How much of everything a request may take.

use std::time::Duration;

/// The limits of one replica. The defaults are what the service runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of path and query; above it 414.
    pub max_uri_bytes: usize,
    /// Number of header lines; above it 431.
    pub max_headers: usize,
    /// Bytes of all header names and values; above it 431.
    pub max_header_bytes: usize,
    /// Bytes of a body; above it 413.
    pub max_body_bytes: usize,
    /// Time until the head of the answer; above it 503. Streams go on after it.
    pub request_time: Duration,
    /// Requests at work at once, probes not counted; above it 503.
    pub concurrent_requests: usize,
    /// Bodies of one caller that are read at once; above it 429.
    pub bodies_of_a_caller: usize,
    /// Deletions by pattern at work at once; above it 429.
    pub concurrent_deletions: usize,
    /// Streams of events open at once; above it 429.
    pub concurrent_streams: usize,
    /// Of those, one key may have so many.
    pub streams_of_a_caller: usize,
    /// Time for a deletion by pattern that is answered as one JSON document; what was done until then is answered.
    pub deletion_time: Duration,
    /// Time for a read of the cache.
    pub read_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_uri_bytes: 8 * 1_024,
            max_headers: 64,
            max_header_bytes: 16 * 1_024,
            max_body_bytes: 1_024 * 1_024,
            request_time: Duration::from_secs(30),
            concurrent_requests: 512,
            bodies_of_a_caller: 64,
            concurrent_deletions: 8,
            concurrent_streams: 256,
            streams_of_a_caller: 32,
            deletion_time: Duration::from_secs(25),
            read_time: Duration::from_millis(1_900),
        }
    }
}
