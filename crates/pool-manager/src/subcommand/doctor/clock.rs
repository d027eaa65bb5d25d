//! Whether the clocks of others agree with ours: tokens, limits, leases and the audit log go by them.

use std::time::Duration;

use domain::{Clock, SystemClock, Timestamp};

use super::Row;

const SUBJECT: &str = "clock";
/// What nothing here minds.
const TOLERANCE: Duration = Duration::from_secs(1);
/// From here on good tokens are refused, and leases end too early or too late.
const HARMFUL: Duration = Duration::from_secs(30);

/// Compares the clock of `whose`, read while `spent` went by, with ours.
pub(super) fn row(whose: &str, theirs: Timestamp, spent: Duration) -> Row {
    judged(whose, theirs, Timestamp::from(SystemClock.now()), spent)
}

fn judged(whose: &str, theirs: Timestamp, ours: Timestamp, spent: Duration) -> Row {
    let apart = Duration::from_millis(theirs.millis().abs_diff(ours.millis()));
    let seconds = apart.as_secs_f64();
    let fix = "let both machines take the time from a server (chrony, Amazon Time Sync)";
    if apart <= TOLERANCE + spent {
        Row::well(SUBJECT, format!("{whose} agrees with ours"))
    } else if apart < HARMFUL {
        Row::warning(SUBJECT, format!("{whose} is {seconds:.1} s from ours"), fix)
    } else {
        Row::fault(SUBJECT, format!("{whose} is {seconds:.0} s from ours"), fix)
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Verdict;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off_either_way() {
        let ours = Timestamp::from_millis(1_800_000_000_000);
        for (off, verdict) in [
            (0, Verdict::Ok),
            (1_400, Verdict::Ok),
            (1_600, Verdict::Warning),
            (29_999, Verdict::Warning),
            (30_000, Verdict::Fault),
        ] {
            for off in [off, -off] {
                let theirs = Timestamp::from_millis(ours.millis() + off);
                let row = judged("the cache", theirs, ours, Duration::from_millis(500));
                assert_eq!(row.verdict, verdict, "{off} ms: {}", row.detail);
            }
        }
    }
}
