//! What was answered under load.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::load::Kind;
use super::service::LIMIT;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    pub(crate) status: u16,
    /// Where the rate limit was decided.
    pub(crate) rung: String,
    /// The code of a refusal.
    pub(crate) code: String,
}

impl Sample {
    /// Answered as on a good day: the write ran, and the limit was counted for all replicas.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_success() && self.rung == "cache"
    }

    /// Read, or made.
    fn is_success(&self) -> bool {
        self.status == if self.kind == Kind::Read { 200 } else { 201 }
    }

    fn is_allowed(&self) -> bool {
        let is_refused_write =
            self.kind == Kind::KeyedWrite && self.status == 503 && self.code == "IDEMPOTENCY_UNAVAILABLE";
        (self.is_success() || is_refused_write) && self.took < LIMIT
    }
}

/// All answers of a load, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    pub(crate) fn new(mut samples: Vec<Sample>) -> Self {
        samples.sort_by_key(|sample| sample.sent);
        Self(samples)
    }

    /// Those that were asked for in this time.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Self {
        Self(self.0.iter().filter(|sample| (from..to).contains(&sample.sent)).cloned().collect())
    }

    /// No 5xx but the 503 of keyed writes, nothing late.
    pub(crate) fn assert_allowed(&self, what: &str) {
        let bad: Vec<&Sample> = self.0.iter().filter(|sample| !sample.is_allowed()).collect();
        assert!(bad.is_empty(), "{what}: {} of {} answers, such as {:?}", bad.len(), self.0.len(), bad[0]);
    }

    /// No error at all, whoever counted.
    pub(crate) fn assert_no_error(&self, what: &str) {
        let errors: Vec<&Sample> = self.0.iter().filter(|sample| !sample.is_success()).collect();
        assert!(
            errors.is_empty(),
            "{what}: {} of {}, such as {:?}",
            errors.len(),
            self.0.len(),
            errors.first()
        );
    }

    /// At least this share as on a good day.
    pub(crate) fn assert_whole(&self, what: &str, share: f64) {
        assert!(!self.0.is_empty(), "{what}: nothing was asked");
        let bad: Vec<&Sample> = self.0.iter().filter(|sample| !sample.is_whole()).collect();
        let is_enough = bad.len() as f64 <= self.0.len() as f64 * (1.0 - share);
        assert!(is_enough, "{what}: {} of {} answers, such as {:?}", bad.len(), self.0.len(), bad[0]);
    }

    /// The time below which this share of the answers stayed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut times: Vec<Duration> = self.0.iter().map(|sample| sample.took).collect();
        times.sort();
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// The longest time in which nothing was answered as on a good day.
    pub(crate) fn longest_gap(&self) -> Duration {
        let mut answered: Vec<Instant> =
            self.0.iter().filter(|s| s.is_whole()).map(|s| s.sent + s.took).collect();
        answered.sort();
        answered.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// One line for each kind.
    pub(crate) fn print(&self, what: &str) {
        for kind in Kind::ALL {
            let of_kind = Self(self.0.iter().filter(|sample| sample.kind == kind).cloned().collect());
            let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
            for sample in &of_kind.0 {
                *outcomes.entry(format!("{} {}", sample.status, sample.rung)).or_default() += 1;
            }
            println!(
                "{what} | {kind:?} | p50 {:.1?} | p99 {:.1?} | max {:.1?} | {outcomes:?}",
                of_kind.quantile(0.5),
                of_kind.quantile(0.99),
                of_kind.quantile(1.0)
            );
        }
    }
}
