//! What the names of ElastiCache's endpoints, and its rules for passwords, say about the configuration.

use ::cache::{CacheConfig, CacheMode, NodeAddress, Secret, Selection};

use super::Row;

const SUBJECT: &str = "cache";
/// What the names of its endpoints end in; in China with `.cn` behind it.
const DOMAIN: &str = ".cache.amazonaws.com";
const PORT: u16 = 6_379;
/// How long passwords and tokens may be.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=128;
/// The only characters of an AUTH token that are neither letters nor digits.
const TOKEN_SPECIALS: &str = "!&#$^<>-";

/// What an endpoint is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    /// Of a whole cluster.
    Configuration,
    /// Of the node that takes writes, also after a fail-over.
    Primary,
    /// Of the replicas.
    Reader,
    /// Of one node.
    Node,
    Serverless,
}

/// A row for each contradiction. Nothing is asked of the network.
pub(super) fn rows(selection: &Selection) -> Vec<Row> {
    let Selection::Valkey { config, .. } = selection else { return Vec::new() };
    let mut rows: Vec<_> =
        config.addresses.iter().flat_map(|address| address_rows(config, address)).collect();
    rows.extend(count_row(config));
    if config.addresses.iter().any(|address| endpoint(address.host()).is_some()) {
        rows.extend(password_row(config));
    }
    rows
}

fn address_rows(config: &CacheConfig, address: &NodeAddress) -> Vec<Row> {
    let host = address.host();
    let Some(endpoint) = endpoint(host) else { return Vec::new() };
    let mut rows = Vec::new();
    let mut misconfigured = |detail: String, fix: &str| rows.push(Row::misconfigured(SUBJECT, detail, fix));
    match (endpoint, config.mode) {
        (Endpoint::Configuration | Endpoint::Serverless, CacheMode::Single) => misconfigured(
            format!("CACHE_MODE: single, and {host} is the endpoint of a cluster"),
            "set CACHE_MODE=cluster",
        ),
        (Endpoint::Primary, CacheMode::Cluster) => misconfigured(
            format!(
                "CACHE_MODE: cluster, and {host} is the primary endpoint of a group without cluster mode"
            ),
            "set CACHE_MODE=single, or write the configuration endpoint of a cluster in CACHE_ADDRS",
        ),
        (Endpoint::Reader, _) => misconfigured(
            format!("CACHE_ADDRS: {host} is the reader endpoint, which takes no writes"),
            "write the primary endpoint, or the configuration endpoint of a cluster",
        ),
        (Endpoint::Node, _) => rows.push(Row::warning(
            SUBJECT,
            format!(
                "CACHE_ADDRS: {host} is the endpoint of one node, which a fail-over or a resize takes away"
            ),
            "write the primary endpoint, or the configuration endpoint of a cluster",
        )),
        _ => {}
    }
    if speaks_tls_only(host) && !config.tls {
        rows.push(Row::misconfigured(
            SUBJECT,
            format!("CACHE_TLS_ENABLED: not set, and {host} speaks TLS only"),
            "set CACHE_TLS_ENABLED=true",
        ));
    }
    if endpoint != Endpoint::Serverless && address.port() != PORT {
        rows.push(Row::warning(
            SUBJECT,
            format!("CACHE_ADDRS: port {} of {host}: nodes listen on {PORT}, with TLS too", address.port()),
            "write port 6379, unless the replication group was made with another",
        ));
    }
    rows
}

/// One address is right where it stands for all nodes, and no other.
fn count_row(config: &CacheConfig) -> Option<Row> {
    let [first, others @ ..] = config.addresses.as_slice() else { return None };
    let is_of_cluster = |address: &NodeAddress| endpoint(address.host()) == Some(Endpoint::Configuration);
    if config.mode == CacheMode::Cluster && others.is_empty() && is_literal(first.host()) {
        return Some(Row::warning(
            SUBJECT,
            format!("CACHE_ADDRS: {first} alone: without that node the cluster is not found at start"),
            "write the addresses of several nodes, or a name that stands for all",
        ));
    }
    let is_mixed = !others.is_empty() && config.addresses.iter().any(is_of_cluster);
    is_mixed.then(|| {
        let detail =
            "CACHE_ADDRS: a configuration endpoint stands for all nodes, and others beside it grow old";
        Row::warning(SUBJECT, detail, "write the configuration endpoint alone")
    })
}

fn password_row(config: &CacheConfig) -> Option<Row> {
    let Some(password) = &config.password else {
        let detail = "CACHE_PASSWORD: missing: whoever reaches ElastiCache reads and writes the cache";
        return Some(Row::warning(SUBJECT, detail, "require a token or users of the replication group"));
    };
    let fault = password_fault(password, config.username.is_some())?;
    let fix = "write the token or password as Secrets Manager has it, without quotes and line breaks";
    Some(Row::misconfigured(SUBJECT, format!("CACHE_PASSWORD: {fault}"), fix))
}

/// Why ElastiCache cannot have taken this password.
fn password_fault(password: &Secret, is_of_user: bool) -> Option<String> {
    password.examine(|text| {
        let is_for_token = |c: char| c.is_ascii_alphanumeric() || TOKEN_SPECIALS.contains(c);
        if text.chars().any(|c| !c.is_ascii_graphic()) {
            Some("holds a blank, a line break or what is not printable, which ElastiCache refuses".to_owned())
        } else if !LENGTH.contains(&text.len()) {
            let (least, most) = (LENGTH.start(), LENGTH.end());
            Some(format!("has {} characters; ElastiCache takes {least} to {most}", text.len()))
        } else if !is_of_user && !text.chars().all(is_for_token) {
            Some(format!(
                "holds a character that no AUTH token has: besides letters and digits only {TOKEN_SPECIALS}"
            ))
        } else {
            None
        }
    })
}

/// `None` for a host that is not of ElastiCache.
fn endpoint(host: &str) -> Option<Endpoint> {
    let host = host.to_ascii_lowercase();
    let name = host.trim_end_matches('.').trim_end_matches(".cn").strip_suffix(DOMAIN)?;
    let labels: Vec<_> = name.split('.').collect();
    let has = |label: &str| labels.contains(&label);
    Some(match labels.first().copied().unwrap_or_default() {
        _ if has("serverless") => Endpoint::Serverless,
        _ if has("clustercfg") => Endpoint::Configuration,
        "master" => Endpoint::Primary,
        "replica" => Endpoint::Reader,
        first if has("ng") => {
            if first.ends_with("-ro") {
                Endpoint::Reader
            } else {
                Endpoint::Primary
            }
        }
        _ => Endpoint::Node,
    })
}

/// With TLS the kind of the endpoint stands in front.
fn speaks_tls_only(host: &str) -> bool {
    let first = host.split('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(first.as_str(), "clustercfg" | "master" | "replica")
        || endpoint(host) == Some(Endpoint::Serverless)
}

fn is_literal(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::row::Verdict;
    use super::*;

    const CONFIGURATION: &str = "clustercfg.pool.abc123.use2.cache.amazonaws.com:6379";
    const PRIMARY: &str = "master.pool.abc123.use2.cache.amazonaws.com:6379";
    const TOKEN: &str = "0123456789abcdef!&#$^<>-";

    fn selection(mode: CacheMode, addresses: &[&str], tls: bool, password: Option<&str>) -> Selection {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let config =
            CacheConfig { mode, tls, password: password.map(Secret::new), ..CacheConfig::cluster(addresses) };
        Selection::Valkey { config, legacy: false }
    }

    fn details(selection: &Selection) -> Vec<(Verdict, String)> {
        rows(selection).into_iter().map(|row| (row.verdict, row.detail)).collect()
    }

    #[test]
    fn what_fits_gives_no_row() {
        for fitting in [
            selection(CacheMode::Cluster, &[CONFIGURATION], true, Some(TOKEN)),
            selection(CacheMode::Single, &[PRIMARY], true, Some(TOKEN)),
            selection(
                CacheMode::Single,
                &["pool.abc123.ng.0001.use2.cache.amazonaws.com:6379"],
                false,
                Some(TOKEN),
            ),
            selection(CacheMode::Cluster, &["valkey-cluster:7000"], false, None),
            selection(CacheMode::Cluster, &["10.0.0.1:7000", "10.0.0.2:7000"], false, Some("s")),
            Selection::Embedded,
        ] {
            assert_eq!(details(&fitting), [], "{fitting:?}");
        }
    }

    #[test]
    fn each_contradiction_is_told() {
        let cases = [
            (CacheMode::Single, CONFIGURATION, "CACHE_MODE: single"),
            (CacheMode::Single, "pool-x.serverless.use2.cache.amazonaws.com:6379", "CACHE_MODE: single"),
            (CacheMode::Cluster, PRIMARY, "CACHE_MODE: cluster"),
            (CacheMode::Single, "replica.pool.abc123.use2.cache.amazonaws.com:6379", "reader endpoint"),
            (CacheMode::Single, "pool-ro.abc123.ng.0001.use2.cache.amazonaws.com:6379", "reader endpoint"),
            (
                CacheMode::Cluster,
                "pool-0001-001.pool.abc123.use2.cache.amazonaws.com:6379",
                "endpoint of one node",
            ),
            (CacheMode::Cluster, "clustercfg.pool.abc123.use2.cache.amazonaws.com:6380", "port 6380"),
            (CacheMode::Cluster, "10.0.0.1:7000", "10.0.0.1:7000 alone"),
        ];
        for (mode, address, expected) in cases {
            let found = details(&selection(mode, &[address], true, Some(TOKEN)));
            assert!(matches!(&found[..], [(_, detail)] if detail.contains(expected)), "{address}: {found:?}");
        }
        let plain = details(&selection(CacheMode::Cluster, &[CONFIGURATION], false, Some(TOKEN)));
        assert!(
            matches!(&plain[..], [(Verdict::Misconfigured, detail)] if detail.contains("speaks TLS only"))
        );
        let mixed =
            details(&selection(CacheMode::Cluster, &[CONFIGURATION, "10.0.0.1:6379"], true, Some(TOKEN)));
        assert!(
            matches!(&mixed[..], [(Verdict::Warning, detail)] if detail.contains("stands for all nodes"))
        );
    }

    #[test]
    fn a_password_that_elasticache_cannot_have_is_told_without_being_shown() {
        for (password, expected) in [
            (Some("short"), "has 5 characters"),
            (Some("0123456789abcdef\n"), "line break"),
            (Some("0123456789abcdef%"), "no AUTH token has"),
            (None, "missing"),
        ] {
            let found = details(&selection(CacheMode::Single, &[PRIMARY], true, password));
            assert!(matches!(&found[..], [(_, detail)] if detail.contains(expected)), "{found:?}");
            assert!(password.is_none_or(|password| !found[0].1.contains(password)));
        }
        let mut of_user = CacheConfig::single(PRIMARY.parse().unwrap());
        (of_user.tls, of_user.username) = (true, Some("pool-manager".to_owned()));
        of_user.password = Some(Secret::new("0123456789abcdef%"));
        assert_eq!(details(&Selection::Valkey { config: of_user, legacy: false }), []);
    }
}
