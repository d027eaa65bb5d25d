//! How often a caller may ask.

use std::time::Duration;

use cache::TakeRequestError;
use domain::RateTier;
use middleware::{OnCacheFailure, RateTiers};
use serde::Deserialize;

use super::values::{filled, flag, flag_or, unexpected};
use super::{Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new("RATE_LIMIT_ENABLED", "`true`", "Limit how often a caller may ask"),
    Variable::new("RATE_LIMIT_MAX", "`500`", "Most requests of a caller in a window, also in one burst"),
    Variable::new("RATE_LIMIT_WINDOW_SEC", "`60`", "Its window in seconds").detail(),
    Variable::new("AGGRESSIVE_RATE_LIMIT_MAX", "`100`", "Most writes"),
    Variable::new("AGGRESSIVE_RATE_LIMIT_WINDOW_SEC", "`60`", "Its window in seconds").detail(),
    Variable::new("RELAXED_RATE_LIMIT_MAX", "`1000`", "Most requests of a caller whose tier is `relaxed`")
        .detail(),
    Variable::new("RELAXED_RATE_LIMIT_WINDOW_SEC", "`60`", "Its window in seconds").detail(),
    Variable::new(
        "SERVICE_RATE_LIMIT_MAX",
        "`60000`",
        "Most of what services ask for: `.../connections` and `/v1/tenants/active`",
    ),
    Variable::new("SERVICE_RATE_LIMIT_WINDOW_SEC", "`60`", "Its window in seconds").detail(),
    Variable::new(
        "RATE_LIMIT_REDIS_TIMEOUT_MS",
        "`500`",
        "How long a request may wait for the cache to count it, 1 to 500 milliseconds",
    )
    .detail(),
    Variable::new(
        "RATE_LIMIT_ON_CACHE_FAILURE",
        "`local`",
        "While the cache is away: `local` limits each replica by itself, `open` limits nothing, `closed` answers 503",
    ),
    Variable::new(
        "ALLOW_RATELIMIT_FAIL_OPEN",
        "`false`",
        "Old name: `true` is `RATE_LIMIT_ON_CACHE_FAILURE=open`",
    )
    .detail(),
];

/// A limit above this is allowed, and told in the log (contract of the platform's limiters).
pub(crate) const USUAL_LIMIT: u64 = 100_000;

/// What a request may wait for the cache to count it, in milliseconds: no operation of the cache takes longer.
const MOST_CACHE_MILLIS: u64 = 500;

/// How often a caller may ask.
#[derive(Debug, Clone)]
pub struct RateLimitConfig {
    /// Whether there is a limit at all.
    pub enabled: bool,
    /// The numbers of every tier.
    pub tiers: RateTiers,
    /// The variables whose limit is unusually high.
    pub unusual_limits: Vec<&'static str>,
    /// How long a request may wait for the cache to count it, if that is said.
    pub cache_time: Option<Duration>,
    /// What happens while the cache is away.
    pub on_cache_failure: OnCacheFailure,
    /// Whether that was said by its old name.
    pub is_failure_by_old_name: bool,
}

#[derive(Default, Deserialize)]
pub(super) struct RateLimitVariables {
    rate_limit_enabled: Option<String>,
    rate_limit_max: Option<String>,
    rate_limit_window_sec: Option<String>,
    aggressive_rate_limit_max: Option<String>,
    aggressive_rate_limit_window_sec: Option<String>,
    relaxed_rate_limit_max: Option<String>,
    relaxed_rate_limit_window_sec: Option<String>,
    service_rate_limit_max: Option<String>,
    service_rate_limit_window_sec: Option<String>,
    rate_limit_redis_timeout_ms: Option<String>,
    rate_limit_on_cache_failure: Option<String>,
    allow_ratelimit_fail_open: Option<String>,
}

impl RateLimitConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: RateLimitVariables = environment.section("", problems);
        let is_failure_by_old_name =
            flag("ALLOW_RATELIMIT_FAIL_OPEN", &variables.allow_ratelimit_fail_open, problems);
        let mut unusual_limits = Vec::new();
        Self {
            enabled: flag_or(true, "RATE_LIMIT_ENABLED", &variables.rate_limit_enabled, problems),
            tiers: tiers(&variables, &mut unusual_limits, problems),
            unusual_limits,
            cache_time: cache_time(&variables.rate_limit_redis_timeout_ms, problems),
            on_cache_failure: failure(
                &variables.rate_limit_on_cache_failure,
                is_failure_by_old_name,
                problems,
            ),
            is_failure_by_old_name,
        }
    }
}

fn cache_time(value: &Option<String>, problems: &mut Vec<Problem>) -> Option<Duration> {
    const VARIABLE: &str = "RATE_LIMIT_REDIS_TIMEOUT_MS";
    const EXPECTED: &str = "a whole number of milliseconds from 1 to 500";
    filled(value)?;
    let millis = whole_number((VARIABLE, value), MOST_CACHE_MILLIS, EXPECTED, problems);
    if millis > MOST_CACHE_MILLIS {
        problems.push(unexpected(VARIABLE, value, EXPECTED));
    }
    Some(Duration::from_millis(millis))
}

/// A variable, with its value if it is set.
type Given<'a> = (&'static str, &'a Option<String>);

/// Every tier with its numbers; the defaults are those of the layer, a minute of window each. Names the variables whose
/// limit is unusually high.
fn tiers(
    variables: &RateLimitVariables,
    unusual_limits: &mut Vec<&'static str>,
    problems: &mut Vec<Problem>,
) -> RateTiers {
    let given: [(RateTier, u64, Given<'_>, Given<'_>); 4] = [
        (
            RateTier::Default,
            500,
            ("RATE_LIMIT_MAX", &variables.rate_limit_max),
            ("RATE_LIMIT_WINDOW_SEC", &variables.rate_limit_window_sec),
        ),
        (
            RateTier::Aggressive,
            100,
            ("AGGRESSIVE_RATE_LIMIT_MAX", &variables.aggressive_rate_limit_max),
            ("AGGRESSIVE_RATE_LIMIT_WINDOW_SEC", &variables.aggressive_rate_limit_window_sec),
        ),
        (
            RateTier::Relaxed,
            1_000,
            ("RELAXED_RATE_LIMIT_MAX", &variables.relaxed_rate_limit_max),
            ("RELAXED_RATE_LIMIT_WINDOW_SEC", &variables.relaxed_rate_limit_window_sec),
        ),
        (
            RateTier::Service,
            60_000,
            ("SERVICE_RATE_LIMIT_MAX", &variables.service_rate_limit_max),
            ("SERVICE_RATE_LIMIT_WINDOW_SEC", &variables.service_rate_limit_window_sec),
        ),
    ];
    given.into_iter().fold(RateTiers::default(), |tiers, (tier, default, limit, window)| {
        let number = whole_number(limit, default, "a whole number from 1", problems);
        if number > USUAL_LIMIT {
            unusual_limits.push(limit.0);
        }
        let seconds = whole_number(window, 60, "a whole number of seconds from 1", problems);
        // Tells a tier that cannot work before it takes the place of its default.
        match tiers.clone().with(tier, number, Duration::from_secs(seconds)) {
            Ok(changed) => changed,
            Err(error) => {
                problems.push(match error.reason {
                    TakeRequestError::TooLong => Problem::LongRateLimitWindow { variable: window.0 },
                    TakeRequestError::TooFast | TakeRequestError::ZeroLimit => Problem::FastRateLimit {
                        variable: limit.0,
                        window: window.0,
                        most: seconds.saturating_mul(1_000_000),
                    },
                });
                tiers
            }
        }
    })
}

fn whole_number(
    (variable, value): Given<'_>,
    default: u64,
    expected: &'static str,
    problems: &mut Vec<Problem>,
) -> u64 {
    match filled(value).map(str::parse) {
        None => default,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            problems.push(unexpected(variable, value, expected));
            default
        }
    }
}

fn failure(value: &Option<String>, is_open_by_old_name: bool, problems: &mut Vec<Problem>) -> OnCacheFailure {
    let named = match filled(value) {
        None => None,
        Some("local") => Some(OnCacheFailure::Local),
        Some("open") => Some(OnCacheFailure::Open),
        Some("closed") => Some(OnCacheFailure::Closed),
        Some(_) => {
            problems.push(unexpected("RATE_LIMIT_ON_CACHE_FAILURE", value, "local, open or closed"));
            None
        }
    };
    if is_open_by_old_name && named.is_some_and(|named| named != OnCacheFailure::Open) {
        problems.push(Problem::Contradiction {
            first: "RATE_LIMIT_ON_CACHE_FAILURE",
            second: "ALLOW_RATELIMIT_FAIL_OPEN",
        });
    }
    let unnamed = if is_open_by_old_name { OnCacheFailure::Open } else { OnCacheFailure::Local };
    named.unwrap_or(unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(variables: [(&str, &str); N]) -> (RateLimitConfig, String) {
        let mut problems = Vec::new();
        let config = RateLimitConfig::read(&Variables::from(variables), &mut problems);
        (config, problems.iter().map(|problem| format!("{problem}\n")).collect())
    }

    #[test]
    fn the_defaults_are_those_of_the_table() {
        let (config, problems) = read([]);
        assert_eq!(problems, "");
        assert!(config.enabled && config.on_cache_failure == OnCacheFailure::Local);
        assert_eq!(format!("{:?}", config.tiers), format!("{:?}", RateTiers::default()));
    }

    #[test]
    fn every_tier_has_its_own_numbers() {
        let (config, problems) = read([
            ("RATE_LIMIT_ENABLED", "false"),
            ("RATE_LIMIT_MAX", "1"),
            ("RATE_LIMIT_WINDOW_SEC", "2"),
            ("AGGRESSIVE_RATE_LIMIT_MAX", "3"),
            ("AGGRESSIVE_RATE_LIMIT_WINDOW_SEC", "4"),
            ("RELAXED_RATE_LIMIT_MAX", "5"),
            ("RELAXED_RATE_LIMIT_WINDOW_SEC", "6"),
            ("SERVICE_RATE_LIMIT_MAX", "7"),
            ("SERVICE_RATE_LIMIT_WINDOW_SEC", "8"),
        ]);
        assert_eq!(problems, "");
        assert!(!config.enabled);
        let numbers = [(1, 2), (3, 4), (5, 6), (7, 8)];
        let expected = RateTier::ALL.into_iter().zip(numbers).fold(
            RateTiers::default(),
            |tiers, (tier, (limit, seconds))| {
                tiers.with(tier, limit, Duration::from_secs(seconds)).expect("numbers that work")
            },
        );
        assert_eq!(format!("{:?}", config.tiers), format!("{expected:?}"));
    }

    #[test]
    fn a_limit_that_protects_little_is_told_and_not_refused() {
        let (config, problems) = read([
            ("RATE_LIMIT_MAX", "100000"),
            ("SERVICE_RATE_LIMIT_MAX", "100001"),
            ("RATE_LIMIT_REDIS_TIMEOUT_MS", "50"),
        ]);
        assert_eq!(problems, "");
        assert_eq!(config.unusual_limits, ["SERVICE_RATE_LIMIT_MAX"]);
        assert_eq!(config.cache_time, Some(Duration::from_millis(50)));
        assert_eq!(read([]).0.cache_time, None);
    }

    #[test]
    fn what_cannot_limit_is_named() {
        for (variable, value) in [
            ("RATE_LIMIT_ENABLED", "yes"),
            ("RATE_LIMIT_MAX", "0"),
            ("RATE_LIMIT_WINDOW_SEC", "0"),
            ("AGGRESSIVE_RATE_LIMIT_MAX", "-1"),
            ("RELAXED_RATE_LIMIT_MAX", "60000001"),
            ("SERVICE_RATE_LIMIT_MAX", "1e3"),
            ("SERVICE_RATE_LIMIT_WINDOW_SEC", "99999999999"),
            ("RATE_LIMIT_ON_CACHE_FAILURE", "fail"),
            ("RATE_LIMIT_REDIS_TIMEOUT_MS", "0"),
            ("RATE_LIMIT_REDIS_TIMEOUT_MS", "501"),
        ] {
            let (_, problems) = read([(variable, value)]);
            assert!(problems.starts_with(&format!("{variable}: ")), "{variable}={value}: {problems}");
            assert_eq!(problems.lines().count(), 1, "{problems}");
        }
        let (_, most) = read([("RELAXED_RATE_LIMIT_MAX", "60000001")]);
        assert!(most.contains("60000000") && most.contains("RELAXED_RATE_LIMIT_WINDOW_SEC"), "{most}");
        assert_eq!(read([("RELAXED_RATE_LIMIT_MAX", "60000000")]).1, "");
    }

    #[test]
    fn the_old_name_means_open_and_must_not_contradict() {
        let old = ("ALLOW_RATELIMIT_FAIL_OPEN", "true");
        let (config, problems) = read([old]);
        assert_eq!((config.on_cache_failure, problems.as_str()), (OnCacheFailure::Open, ""));
        assert!(config.is_failure_by_old_name);
        assert_eq!(read([old, ("RATE_LIMIT_ON_CACHE_FAILURE", "open")]).1, "");
        for other in ["local", "closed"] {
            let (_, problems) = read([old, ("RATE_LIMIT_ON_CACHE_FAILURE", other)]);
            assert!(
                problems.contains("RATE_LIMIT_ON_CACHE_FAILURE and ALLOW_RATELIMIT_FAIL_OPEN"),
                "{problems}"
            );
        }
        let not_allowed = ("ALLOW_RATELIMIT_FAIL_OPEN", "false");
        let (config, problems) = read([not_allowed, ("RATE_LIMIT_ON_CACHE_FAILURE", "closed")]);
        assert_eq!((config.on_cache_failure, problems.as_str()), (OnCacheFailure::Closed, ""));
    }
}
