use super::*;

const TENANT: &str = "6b1b4b33f5d14d5f8c9d2a7e0f3c1a55";
const DASHED: &str = "6b1b4b33-f5d1-4d5f-8c9d-2a7e0f3c1a55";

fn wish(pattern: &str) -> DeletionWish {
    DeletionWish {
        pattern: pattern.parse().unwrap(),
        tenant: None,
        confirm: false,
        foreign: false,
        dry_run: false,
    }
}

fn of_tenant(pattern: &str, tenant: &str) -> DeletionPlan {
    DeletionPlan::of(DeletionWish { tenant: Some(tenant.parse().unwrap()), confirm: true, ..wish(pattern) })
        .unwrap()
}

/// Whether the key would be deleted: what the server matches, and of that what the filter accepts.
fn takes(plan: &DeletionPlan, key: &str) -> bool {
    let request = &plan.request;
    request.patterns.iter().any(|pattern| pattern.matches(key.as_bytes()))
        && request.filter.as_ref().is_none_or(|filter| filter.accepts(key.as_bytes()))
}

#[test]
fn a_pattern_that_matches_everything_must_be_confirmed() {
    for pattern in [
        "*",
        "**",
        "?*",
        "*?",
        "[^x]*",
        "*[!-~]*",
        "*:*",
        "*[:#]*",
        "?*:?*",
        "*:*:*:*:*",
        "{*}",
        "*-*",
        "[^x]*:?",
        "*e*",
        "{*}*",
        "[a-z]*",
        "[^a-]]*",
        "?[^a-]]*",
        "[s-]]*",
        "*|*",
        "*@*",
        "*\\**",
    ] {
        let error = DeletionPlan::of(wish(pattern)).unwrap_err();
        assert!(matches!(error, DeletionRefusal::CatchAllNotConfirmed { .. }), "{pattern}");
        assert!(DeletionPlan::of(DeletionWish { dry_run: true, ..wish(pattern) }).is_ok(), "{pattern}");
    }
    for pattern in [
        "ratelimit:*",
        "ratelimit:default:1",
        "tenant:*",
        "apikey:sha256:*",
        "*x-y-z*",
        ":",
        "tenant:{*}:x",
        "*acme*",
    ] {
        assert!(DeletionPlan::of(wish(pattern)).is_ok(), "{pattern}");
    }
}

#[test]
fn a_confirmed_one_spares_keys_of_other_programs() {
    let plan = DeletionPlan::of(DeletionWish { confirm: true, ..wish("*") }).unwrap();
    assert!(takes(&plan, "ratelimit:free:10.0.0.1"));
    assert!(takes(&plan, "tenant:acme:anything"));
    assert!(!takes(&plan, "sessions:42"));
    let foreign = DeletionPlan::of(DeletionWish { confirm: true, foreign: true, ..wish("*") }).unwrap();
    assert!(takes(&foreign, "sessions:42"));
}

#[test]
fn a_pattern_with_words_takes_what_it_names() {
    let plan = DeletionPlan::of(wish("sessions:*")).unwrap();
    assert!(takes(&plan, "sessions:42"));
    assert_eq!(plan.request.samples, 0);
    assert_eq!(
        DeletionPlan::of(DeletionWish { dry_run: true, ..wish("sessions:*") }).unwrap().request.samples,
        SAMPLES
    );
}

#[test]
fn a_tenant_is_found_in_both_spellings_and_never_by_a_prefix() {
    for spelling in [TENANT, DASHED, &DASHED.to_uppercase()] {
        let plan = of_tenant("*", spelling);
        assert_eq!(plan.request.patterns.len(), 1, "each pattern is a pass over all keys");
        assert!(takes(&plan, &format!("tenant:{TENANT}:a")), "{spelling}");
        assert!(takes(&plan, &format!("tenant:{DASHED}:a")), "{spelling}");
        assert!(takes(&plan, &format!("tenant:{{{TENANT}}}:a")), "{spelling}");
        assert!(takes(&plan, &format!("tenant:{}:a", TENANT.to_uppercase())), "{spelling}");
        assert!(takes(&plan, &format!("tenant:{}:a", DASHED.to_uppercase())), "{spelling}");
        assert!(takes(&plan, &format!("tenant-connections:{TENANT}:ledger")), "{spelling}");
        assert!(takes(&plan, &format!("idempotency:{DASHED}:k")), "{spelling}");
        assert!(!takes(&plan, &format!("tenant:{TENANT}0:a")), "{spelling}");
        assert!(!takes(&plan, &format!("sessions:{TENANT}")), "{spelling}");
    }
    let slug = of_tenant("*", "acme");
    assert!(takes(&slug, "tenant:acme:a"));
    assert!(!takes(&slug, "tenant:acme2:a"));
    assert!(!takes(&slug, "tenant:other:acme"));
}

#[test]
fn inside_a_tenant_the_pattern_is_for_the_whole_key_or_for_what_follows_the_prefix() {
    let plan = of_tenant("users:*", "acme");
    assert!(takes(&plan, "tenant:acme:users:7"));
    assert!(takes(&plan, "tenant:{acme}:users:7"));
    assert!(takes(&plan, "tenant:acme#users:7"));
    assert!(!takes(&plan, "tenant:acme:orders:7"));
    let whole = of_tenant("tenant-connections:*", "acme");
    assert!(takes(&whole, "tenant-connections:acme:ledger"));
    assert!(!takes(&whole, "tenant:acme:users:7"));
}

#[test]
fn inside_a_tenant_every_spelling_counts_and_the_longest_ids_do() {
    let plan = of_tenant("users:*", TENANT);
    for spelling in [TENANT.to_uppercase(), DASHED.to_uppercase()] {
        assert!(takes(&plan, &format!("tenant:{spelling}:users:7")), "{spelling}");
        assert!(takes(&plan, &format!("tenant:{{{spelling}}}:users:7")), "{spelling}");
        assert!(!takes(&plan, &format!("tenant:{spelling}:orders:7")), "{spelling}");
    }
    let worst = of_tenant("*", &"f".repeat(32));
    assert!(takes(&worst, &format!("tenant:{}:a", "F".repeat(32))));
    let long = "a".repeat(256);
    assert!(takes(&of_tenant("*", &long), &format!("tenant:{long}:x")));
    assert!(!takes(&of_tenant("*", &long), &format!("tenant:{}:x", &long[1..])));
}

#[test]
fn everything_of_a_tenant_must_be_confirmed_too() {
    let unconfirmed = DeletionWish { tenant: Some("acme".parse().unwrap()), ..wish("*") };
    assert!(matches!(DeletionPlan::of(unconfirmed), Err(DeletionRefusal::CatchAllNotConfirmed { .. })));
    let foreign =
        DeletionWish { tenant: Some("acme".parse().unwrap()), confirm: true, foreign: true, ..wish("*") };
    assert!(
        !takes(&DeletionPlan::of(foreign).unwrap(), "tenant:other:a"),
        "the tenant is the limit in any case"
    );
}
