//! What is kept of tenants.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::IdSpelling;
use serde::Deserialize;

use super::values::{duration, filled, flag, unexpected};
use super::{Problem, Variable, Variables};

const DEFAULT_TTL: Duration = Duration::from_secs(86_400);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

const DEFAULT_WINDOW: Duration = Duration::from_secs(86_400);

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "MULTI_TENANT_CACHE_TTL",
        "`24h`",
        "How long connections live in the shared cache, `1s` to `720h`",
    ),
    Variable::new(
        "DASHED_TENANT_IDS",
        "`false`",
        "Write UUIDs of tenants with dashes in answers; events never do",
    ).detail(),
    Variable::new(
        "CREDENTIAL_TENANT_IDS",
        "`canonical,dashed`",
        "How tenants' ids are written in the paths of M2M and external secrets; readers put in what they have",
    ).detail(),
    Variable::new(
        "FAILSAFE_WINDOW",
        "`24h`",
        "How long connections are served that were confirmed, when nothing answers, at most `720h`; `0`: not at all",
    ),
];

/// What is kept of tenants.
#[derive(Debug, Clone)]
pub struct TenancyConfig {
    /// How long connections live in the shared cache.
    pub connections_ttl: Duration,
    /// How ids of tenants are written in answers.
    pub tenant_ids: IdSpelling,
    /// How they are written in the paths of credentials' secrets; at least one.
    pub credential_ids: BTreeSet<IdSpelling>,
    /// How long what was confirmed is served when nothing answers; zero for not at all.
    pub fail_safe_window: Duration,
}

#[derive(Default, Deserialize)]
pub(super) struct TenancyVariables {
    cache_ttl: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct AnswerVariables {
    dashed_tenant_ids: Option<String>,
    credential_tenant_ids: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct FailSafeVariables {
    window: Option<String>,
}

impl TenancyConfig {
    pub(super) fn read(environment: &Variables, problems: &mut Vec<Problem>) -> Self {
        let variables: TenancyVariables = environment.section("MULTI_TENANT_", problems);
        let expected = "a duration from 1s to 720h, such as 24h";
        let allowed = (DEFAULT_TTL, SHORTEST..=LONGEST);
        let connections_ttl =
            duration("MULTI_TENANT_CACHE_TTL", &variables.cache_ttl, allowed, expected, problems);
        let answers: AnswerVariables = environment.section("", problems);
        let is_dashed = flag("DASHED_TENANT_IDS", &answers.dashed_tenant_ids, problems);
        let tenant_ids = if is_dashed { IdSpelling::Dashed } else { IdSpelling::Canonical };
        let credential_ids = credential_ids(&answers.credential_tenant_ids, problems);
        let fail_safe: FailSafeVariables = environment.section("FAILSAFE_", problems);
        let expected = "a duration from 0 to 720h, such as 24h";
        let allowed = (DEFAULT_WINDOW, Duration::ZERO..=LONGEST);
        let fail_safe_window = duration("FAILSAFE_WINDOW", &fail_safe.window, allowed, expected, problems);
        Self { connections_ttl, tenant_ids, credential_ids, fail_safe_window }
    }
}

fn credential_ids(value: &Option<String>, problems: &mut Vec<Problem>) -> BTreeSet<IdSpelling> {
    let all = BTreeSet::from(IdSpelling::ALL);
    let Some(names) = filled(value) else { return all };
    let spelling = |name: &str| IdSpelling::ALL.into_iter().find(|it| it.name() == name.trim());
    names.split(',').map(spelling).collect::<Option<_>>().unwrap_or_else(|| {
        let expected = "canonical, dashed or canonical,dashed";
        problems.push(unexpected("CREDENTIAL_TENANT_IDS", value, expected));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_bounded() {
        let read = |value| {
            let mut problems = Vec::new();
            let environment = Variables::from([("MULTI_TENANT_CACHE_TTL", value)]);
            let ttl = TenancyConfig::read(&environment, &mut problems).connections_ttl;
            (ttl, problems.len())
        };
        assert_eq!(read(""), (DEFAULT_TTL, 0));
        assert_eq!(read("1h30m"), (Duration::from_secs(5_400), 0));
        for wrong in ["0", "24", "721h", "soon"] {
            assert_eq!(read(wrong), (DEFAULT_TTL, 1), "{wrong}");
        }
    }

    #[test]
    fn ids_have_dashes_where_they_are_wished() {
        let read = |value| {
            let mut problems = Vec::new();
            let environment = Variables::from([("DASHED_TENANT_IDS", value)]);
            let ids = TenancyConfig::read(&environment, &mut problems).tenant_ids;
            (ids, problems.len())
        };
        assert_eq!(read(""), (IdSpelling::Canonical, 0));
        assert_eq!(read("true"), (IdSpelling::Dashed, 0));
        assert_eq!(read("maybe"), (IdSpelling::Canonical, 1));
    }

    #[test]
    fn credentials_are_where_readers_look() {
        let read = |value| {
            let mut problems = Vec::new();
            let environment = Variables::from([("CREDENTIAL_TENANT_IDS", value)]);
            let ids = TenancyConfig::read(&environment, &mut problems).credential_ids;
            (ids.into_iter().collect::<Vec<_>>(), problems.len())
        };
        assert_eq!(read(""), (IdSpelling::ALL.to_vec(), 0));
        assert_eq!(read("dashed"), (vec![IdSpelling::Dashed], 0));
        assert_eq!(read("dashed, canonical"), (IdSpelling::ALL.to_vec(), 0));
        for wrong in ["Dashed", "canonical,", "canonical dashed"] {
            assert_eq!(read(wrong), (IdSpelling::ALL.to_vec(), 1), "{wrong}");
        }
    }

    #[test]
    fn the_window_may_be_nothing() {
        let read = |value| {
            let mut problems = Vec::new();
            let environment = Variables::from([("FAILSAFE_WINDOW", value)]);
            let window = TenancyConfig::read(&environment, &mut problems).fail_safe_window;
            (window, problems.len())
        };
        assert_eq!(read(""), (DEFAULT_WINDOW, 0));
        assert_eq!(read("0"), (Duration::ZERO, 0));
        assert_eq!(read("90m"), (Duration::from_secs(5_400), 0));
        for wrong in ["24", "721h", "-1h", "soon"] {
            assert_eq!(read(wrong), (DEFAULT_WINDOW, 1), "{wrong}");
        }
    }
}
