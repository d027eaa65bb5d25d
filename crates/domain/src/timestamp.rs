//! Times as they are stored and shown.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in UTC, in whole milliseconds: what every store keeps without loss. Times before 1970 count as 1970. `Display` is RFC
/// 3339, such as `2026-01-31T08:00:00Z`, with a fraction where there is one; `parse` takes any offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970.
    pub const ZERO: Self = Self(0);

    /// From milliseconds since 1970.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.max(0))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This time and so much more.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was at this time; nothing where it is not over yet.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// This time and so much less.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The end of the year 9999 in milliseconds: what comes after it cannot be written.
const LAST: i64 = 253_402_300_799_999;

/// The text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time as in RFC 3339, such as 2026-01-31T08:00:00Z")]
pub struct TimestampError;

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000);
        // What cannot be written is past the year 9999.
        let text = time.ok().and_then(|time| time.format(&Rfc3339).ok());
        formatter.write_str(text.as_deref().unwrap_or("9999-12-31T23:59:59Z"))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let millis = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| TimestampError)?;
        // An offset can lead out of the years that have four digits.
        if millis > LAST {
            return Err(TimestampError);
        }
        Ok(Self::from_millis(millis))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let millis = u64::try_from(timestamp.0).unwrap_or_default();
        UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::{any_text, same_again};
    use proptest::prelude::*;

    #[test]
    fn is_written_and_read_as_rfc_3339() {
        let text = |seconds: i64| Timestamp::from_millis(seconds * 1_000).to_string();
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(text(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(1_767_225_600_120).to_string(), "2026-01-01T00:00:00.12Z");
        assert_eq!("2026-01-01T01:00:00+01:00".parse(), Ok(Timestamp::from_millis(1_767_225_600_000)));
        for text in ["", "2026-01-01", "tomorrow", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-01:00"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn every_time_is_read_back(millis in 0_i64..253_402_300_800_000) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }

    #[test]
    fn a_millisecond_is_kept_and_less_is_not() {
        let time = UNIX_EPOCH + Duration::from_micros(1_500_700);
        let stamp = Timestamp::from(time);
        assert_eq!(stamp.millis(), 1_500);
        assert_eq!(SystemTime::from(stamp), UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!(stamp.after(Duration::from_secs(1)).since(stamp), Duration::from_secs(1));
        assert_eq!(stamp.since(stamp.after(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(stamp.after(Duration::from_secs(1)).before(Duration::from_secs(9)).millis(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_again(text in any_text()) {
            same_again::<Timestamp>(&text, |value| value.to_string())?;
        }
    }
}
