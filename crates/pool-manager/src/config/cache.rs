//! Which cache to use. The variables are the `cache` crate's; here they are read and listed.

use cache::{CacheVariables, RedisVariables, Selection};

use super::{DeploymentConfig, Problem, Variable, Variables};

pub(super) const VARIABLES: &[Variable] = &[
    Variable::new(
        "CACHE_ADDRS",
        "embedded cache",
        "Valkey as `host:port`, comma-separated; one is enough for a cluster",
    ),
    Variable::new("CACHE_MODE", "required with `CACHE_ADDRS`", "`single` or `cluster`"),
    Variable::new("CACHE_USERNAME", "none", "ACL user; without it the password alone is sent"),
    Variable::new("CACHE_PASSWORD", "none", "Password (secret)"),
    Variable::new("CACHE_PASSWORD_FILE", "none", "File with the password, read again for every new link"),
    Variable::new("CACHE_TLS_ENABLED", "`false`", "Speak TLS; ElastiCache wants it"),
    Variable::new(
        "CACHE_CA_CERT_BASE64",
        "system roots",
        "Base64 of the PEM certificate of the authority to trust",
    ),
    Variable::new("CACHE_POOL_SIZE", "`10`", "Most links to one node").detail(),
    Variable::new("CACHE_MAX_RETRIES", "`3`", "Most repetitions of one command on a failure that may pass")
        .detail(),
    Variable::new("CACHE_DIAL_TIMEOUT", "`5s`", "Limit on making a link").detail(),
    Variable::new(
        "CACHE_READ_TIMEOUT",
        "`3s`",
        "Limit on one answer to background work; requests have 500 ms",
    )
    .detail(),
    Variable::new("CACHE_WRITE_TIMEOUT", "`3s`", "Limit on bytes that the server does not acknowledge")
        .detail(),
];

pub(super) const LEGACY_VARIABLES: &[Variable] = &[
    Variable::new("REDIS_HOST", "none", "Old name, read when `CACHE_ADDRS` is blank, for one more release")
        .detail(),
    Variable::new("REDIS_PORT", "`6379`", "Port of `REDIS_HOST`").detail(),
    Variable::new("REDIS_USERNAME", "none", "ACL user of `REDIS_HOST`").detail(),
    Variable::new("REDIS_PASSWORD", "none", "Password of `REDIS_HOST` (secret)").detail(),
    Variable::new("REDIS_DB", "`0`", "Must be 0, with one node too: the service uses database 0 only")
        .detail(),
    Variable::new("REDIS_TLS", "`false`", "Speak TLS to `REDIS_HOST`").detail(),
];

/// Decides which cache the environment asks for. Every variable that begins with `CACHE_` or `REDIS_` shows that
/// one was meant, known to us or not.
pub(super) fn read(
    environment: &Variables,
    deployment: &DeploymentConfig,
    problems: &mut Vec<Problem>,
) -> Selection {
    let variables: CacheVariables = environment.section("CACHE_", problems);
    let legacy: RedisVariables = environment.section("REDIS_", problems);
    let own = environment.names("CACHE_");
    let any_variable = own.into_iter().chain(environment.names("REDIS_")).next();
    match variables.resolve(&legacy, any_variable) {
        Ok(Selection::Embedded) => {
            if !deployment.accepts_embedded() {
                problems.push(Problem::EmbeddedCache(deployment.mode));
            }
            Selection::Embedded
        }
        Ok(selection) => selection,
        Err(found) => {
            problems.extend(found.0.into_iter().map(Problem::Cache));
            Selection::Embedded
        }
    }
}
