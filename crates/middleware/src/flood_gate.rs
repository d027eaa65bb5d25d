//! Lets one line of a flood into the log once in a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(10);

/// Of many lines that say the same, lets one through in ten seconds, and counts the others.
#[derive(Debug, Default)]
pub struct FloodGate {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    at: Option<Instant>,
    left_out: u64,
}

impl FloodGate {
    /// How many lines were left out since the last that came through, if this one may; `None` if it is left out too.
    pub fn left_out(&self) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if told.at.is_some_and(|at| now < at + PERIOD) {
            told.left_out += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_line_in_ten_seconds_comes_through_with_the_number_of_the_others() {
        let gate = FloodGate::default();
        assert_eq!((gate.left_out(), gate.left_out(), gate.left_out()), (Some(0), None, None));
        tokio::time::advance(PERIOD - Duration::from_millis(1)).await;
        assert_eq!(gate.left_out(), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!((gate.left_out(), gate.left_out()), (Some(3), None));
    }
}
