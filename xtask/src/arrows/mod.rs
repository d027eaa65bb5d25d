//! `cargo xtask arrows`: which crate may depend on which.
//!
//! The rules are in [`rules`]; this file reads the real graph and compares.

mod rules;
mod violation;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::command::{Failure, root};
pub(crate) use violation::Violation;

/// One line of somebody's `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    from: String,
    to: String,
    /// Whether only tests, examples and benchmarks have it.
    dev: bool,
}

/// Checks the workspace.
///
/// # Errors
/// With all forbidden dependencies, or when `cargo metadata` fails.
pub(crate) fn run() -> Result<(), Failure> {
    let (members, arrows) = read()?;
    let violations = check(&members, &arrows);
    if violations.is_empty() {
        println!("xtask: {} dependencies of {} crates follow the arrows", arrows.len(), members.len());
        Ok(())
    } else {
        Err(Failure::Arrows(violations))
    }
}

fn read() -> Result<(Vec<String>, Vec<Arrow>), Failure> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec()?;
    let members = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let arrows = metadata.packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Arrow {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            dev: dependency.kind == DependencyKind::Development,
        })
    });
    Ok((members, arrows.collect()))
}

fn check(members: &[String], arrows: &[Arrow]) -> Vec<Violation> {
    let unknown = members.iter().filter(|member| rules::allowed(member).is_none());
    let mut violations: Vec<Violation> =
        unknown.map(|member| Violation::UnknownCrate { name: member.clone() }).collect();
    for arrow in arrows {
        let result = if members.contains(&arrow.to) { check_member(arrow) } else { check_driver(arrow) };
        violations.extend(result);
    }
    violations
}

fn check_member(arrow: &Arrow) -> Option<Violation> {
    // Any crate may test itself with other features, or with real servers.
    if arrow.dev && (arrow.to == "testkit" || arrow.to == arrow.from) {
        return None;
    }
    // A crate without a rule is reported once, as such.
    let allowed = rules::allowed(&arrow.from)?;
    let in_tests = if arrow.dev { rules::allowed_in_tests(&arrow.from) } else { &[] };
    if allowed.iter().chain(in_tests).any(|package| *package == arrow.to) {
        return None;
    }
    Some(Violation::Arrow { from: arrow.from.clone(), to: arrow.to.clone(), allowed })
}

fn check_driver(arrow: &Arrow) -> Option<Violation> {
    let homes = rules::homes(&arrow.to)?;
    if homes.contains(&arrow.from.as_str()) {
        return None;
    }
    Some(Violation::Driver { from: arrow.from.clone(), driver: arrow.to.clone(), homes })
}

#[cfg(test)]
mod tests {
    use super::{Arrow, check, read};

    fn told(arrows: &[(&str, &str, bool)]) -> Vec<String> {
        let members = [
            "domain",
            "cache",
            "seal",
            "middleware",
            "api",
            "pool-manager",
            "testkit",
            "xtask",
            "service-tests",
        ];
        let arrows: Vec<Arrow> = arrows
            .iter()
            .map(|(from, to, dev)| Arrow { from: (*from).into(), to: (*to).into(), dev: *dev })
            .collect();
        check(&members.map(String::from), &arrows).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_drawn_is_allowed() {
        let none: Vec<String> = Vec::new();
        assert_eq!(
            told(&[
                ("pool-manager", "api", false),
                ("pool-manager", "cache", false),
                ("api", "middleware", false),
                ("middleware", "domain", false),
                ("cache", "testkit", true),
                ("cache", "cache", true),
                ("xtask", "testkit", false),
                ("service-tests", "pool-manager", true),
                ("api", "seal", true),
                ("cache", "fred", false),
                ("pool-manager", "envy", false),
                ("api", "serde", false),
            ]),
            none
        );
    }

    #[test]
    fn what_is_not_drawn_is_told_with_its_rule() {
        let told = told(&[
            ("cache", "domain", false),
            ("domain", "cache", true),
            ("pool-manager", "testkit", false),
            ("middleware", "api", false),
            ("xtask", "cache", false),
            ("service-tests", "api", true),
            ("api", "seal", false),
        ]);
        assert_eq!(told.len(), 7, "{told:?}");
        assert_eq!(told[0], "cache must not depend on domain: it may depend on no crate of this workspace");
        assert_eq!(told[3], "middleware must not depend on api: it may depend on cache, domain, seal only");
    }

    #[test]
    fn drivers_stay_at_home_in_tests_too() {
        let told = told(&[
            ("api", "fred", false),
            ("service-tests", "fred", true),
            ("cache", "envy", false),
            ("middleware", "aws-sdk-secretsmanager", false),
            ("domain", "bson", false),
            ("cache", "lapin", false),
            ("cache", "rusqlite", false),
            ("api", "jsonwebtoken", false),
            ("pool-manager", "tokio-postgres", false),
        ]);
        assert_eq!(told.len(), 9, "{told:?}");
        assert_eq!(told[0], "api must not depend on fred: that driver belongs to cache only");
    }

    #[test]
    fn a_crate_without_a_rule_is_told() {
        let told: Vec<String> =
            check(&[String::from("newcomer")], &[]).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("newcomer"), "{told:?}");
    }

    #[test]
    fn the_real_graph_is_read() {
        let (members, arrows) = read().expect("cargo metadata runs in this workspace");
        assert!(members.iter().any(|member| member == "pool-manager"));
        assert!(arrows.contains(&Arrow { from: "cache".into(), to: "fred".into(), dev: false }));
        assert!(arrows.contains(&Arrow { from: "cache".into(), to: "testkit".into(), dev: true }));
    }
}
