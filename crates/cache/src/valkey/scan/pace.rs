//! How many keys the next batch asks for: as many as wanted, but not more than a bounded number of bytes of names.

use bytes::Bytes;

/// Bytes of key names that one batch is meant to hold. Names of a megabyte exist.
const BATCH_BYTES: usize = 1 << 20;
/// The first batch is small, because nothing is known of the names yet.
const FIRST: usize = 50;
/// Growth from one batch to the next.
const GROWTH: usize = 4;

/// The count of the next batch.
pub(super) struct Pace {
    count: usize,
    ceiling: usize,
}

impl Pace {
    /// Begins with up to 50 keys and goes up to `ceiling`.
    pub(super) fn up_to(ceiling: usize) -> Self {
        Self { count: FIRST.min(ceiling), ceiling }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether these names are as many bytes as one batch may hold.
    pub(super) fn is_heavy(bytes: usize) -> bool {
        bytes >= BATCH_BYTES
    }

    /// Learns from a batch.
    pub(super) fn note(&mut self, keys: &[Bytes]) {
        let bytes: usize = keys.iter().map(Bytes::len).sum();
        let fitting = (BATCH_BYTES * keys.len()).checked_div(bytes).unwrap_or(self.ceiling);
        self.count = fitting.min(self.count * GROWTH).clamp(1, self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_grow_to_the_ceiling_and_long_ones_shrink_at_once() {
        let mut pace = Pace::up_to(4_000);
        let short = vec![Bytes::from_static(b"tenant:acme:settings"); 100];
        let counts: Vec<usize> = (0..5)
            .map(|_| {
                let count = pace.count();
                pace.note(&short);
                count
            })
            .collect();
        assert_eq!(counts, [50, 200, 800, 3_200, 4_000]);
        pace.note(&[Bytes::from(vec![b'a'; 500_000])]);
        assert_eq!(pace.count(), 2);
        pace.note(&[]);
        assert_eq!(pace.count(), 8);
        assert_eq!(Pace::up_to(20).count(), 20);
    }
}
