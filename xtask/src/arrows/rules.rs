//! The arrows of `docs/ARCHITECTURE.md` as a table. A new crate needs a line here. Crates and drivers that are planned and
//! not there yet have theirs already: they are born with their arrows.

/// The crates of this workspace that `package` may depend on; nothing when there is no rule for it.
pub(super) fn allowed(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        "pool-manager" => &[
            "api",
            "cache",
            "domain",
            "events",
            "middleware",
            "provisioning",
            "seal",
            "secrets",
            "store",
            "tenancy",
        ],
        "api" => &["cache", "domain", "middleware", "provisioning", "tenancy"],
        "middleware" | "tenancy" | "secrets" => &["cache", "domain", "seal"],
        "store" | "provisioning" => &["domain"],
        "events" => &["cache", "domain"],
        "cache" | "domain" | "seal" | "testkit" => &[],
        "xtask" => &["testkit"],
        // They bring ports of their own. What a change of a key must invalidate they tell the cache themselves.
        "service-tests" => &["cache", "domain", "middleware", "pool-manager", "testkit"],
        _ => return None,
    })
}

/// What the tests of `package` may depend on besides.
pub(super) fn allowed_in_tests(package: &str) -> &'static [&'static str] {
    match package {
        // The layers in front of its routes are given a key ring, and the use cases behind them a real store.
        "api" => &["seal", "secrets", "store"],
        // What a use case writes is read where it is kept.
        "tenancy" => &["secrets", "store"],
        // What the relay takes is what a real store holds.
        "events" => &["store"],
        _ => &[],
    }
}

/// The crates that may use the driver `package`; nothing when it is no driver. So a driver can be swapped, and
/// its faults worked round, in one place.
pub(super) fn homes(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        "fred" => &["cache"],
        "mongodb" | "bson" => &["store", "provisioning"],
        "rusqlite" => &["store"],
        // The subscribers of tests speak to the broker, too.
        "lapin" => &["events", "testkit"],
        "async-rs" => &["events"],
        "aws-config" => &["secrets", "provisioning"],
        sdk if sdk.starts_with("aws-sdk-") => &["secrets", "provisioning"],
        "jsonwebtoken" => &["middleware"],
        "envy" => &["pool-manager"],
        "postgres" | "tokio-postgres" | "sqlx" => &["provisioning"],
        _ => return None,
    })
}
