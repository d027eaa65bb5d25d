//! How long to wait between two attempts.

use std::time::Duration;

use uuid::Uuid;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// Pauses that double from the first to the longest, each cut by up to a half, so that replicas which lost a broker together do
/// not come back to it together.
#[derive(Debug)]
pub(super) struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl BackOff {
    /// The pause before the next attempt. `random` is any number.
    fn next(&mut self, random: u32) -> Duration {
        let full = self.0;
        self.0 = (full * 2).min(LONGEST);
        let half = full / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// Waits until the next attempt is due.
    pub(super) async fn pause(&mut self) {
        let (random, ..) = Uuid::new_v4().as_fields();
        tokio::time::sleep(self.next(random)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pauses = BackOff::default();
        let millis: Vec<u128> = (0..7).map(|_| pauses.next(u32::MAX).as_millis()).collect();
        assert_eq!(millis, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    }

    #[test]
    fn chance_takes_up_to_a_half() {
        assert_eq!(BackOff::default().next(0), FIRST / 2);
    }
}
