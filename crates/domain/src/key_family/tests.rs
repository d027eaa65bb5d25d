use super::*;
use proptest::prelude::*;

const PLAIN: &str = "6b1b4b33f5d14d5f8c9d2a7e0f3c1a55";
const DASHED: &str = "6b1b4b33-f5d1-4d5f-8c9d-2a7e0f3c1a55";

const ALL: [KeyFamily; 9] = [
    KeyFamily::Tenant,
    KeyFamily::TenantConnections,
    KeyFamily::TenantSettings,
    KeyFamily::ActiveTenants,
    KeyFamily::ActiveTenantsChanges,
    KeyFamily::ApiKey,
    KeyFamily::Idempotency,
    KeyFamily::MachineCredentials,
    KeyFamily::RateLimit,
];

fn family(key: &str) -> Option<KeyFamily> {
    KeyFamily::of(key.as_bytes())
}

fn belongs(key: &str, tenant: &str) -> bool {
    KeyFamily::belongs_to(key.as_bytes(), &tenant.parse().unwrap())
}

/// A key of every family and form that names a tenant.
fn keys_of(id: &str) -> Vec<String> {
    vec![
        format!("tenant:{id}:accounts:1"),
        format!("tenant:{id}:"),
        format!("tenant:{{{id}}}:accounts"),
        format!("tenant:{id}#accounts"),
        format!("tenant:{id}:ratelimit:default:192.0.2.1"),
        format!("tenant:{id}:m2m:ledger:other:credentials"),
        format!("tenant-connections:{id}:ledger"),
        format!("tenant-settings:{id}:ledger"),
        format!("idempotency:{id}:k:1"),
        format!("m2m:ledger:{id}:credentials"),
        format!("ratelimit:default:{id}"),
        format!("tenant-manager:ratelimit:default:{id}"),
    ]
}

#[test]
fn there_is_one_sample_of_each_family() {
    let found = KeyFamily::sample_keys().map(|key| family(key).unwrap());
    assert_eq!(found, ALL);
}

#[test]
fn each_format_is_recognised() {
    for (key, expected) in [
        ("tenant:abc:k", KeyFamily::Tenant),
        ("tenant:abc#k", KeyFamily::Tenant),
        ("tenant:{abc}:k", KeyFamily::Tenant),
        ("tenant:abc:apikey:sha256:00", KeyFamily::Tenant),
        ("tenant-connections:abc:ledger", KeyFamily::TenantConnections),
        ("tenant-settings:abc:ledger", KeyFamily::TenantSettings),
        ("tenant-manager:tenants:active:staging:ledger", KeyFamily::ActiveTenants),
        ("apikey:sha256:abc123", KeyFamily::ApiKey),
        ("ratelimit:default:192.0.2.1", KeyFamily::RateLimit),
        ("tenant-manager:ratelimit:default:192.0.2.1", KeyFamily::RateLimit),
        ("pool-manager:ratelimit:default:192.0.2.1", KeyFamily::RateLimit),
        ("ratelimit:default:2001:db8::1", KeyFamily::RateLimit),
        ("ratelimit:ratelimit:default", KeyFamily::RateLimit),
        ("idempotency:abc:k", KeyFamily::Idempotency),
        ("idempotency:key/1:k", KeyFamily::Idempotency),
        ("m2m:ledger:abc:credentials", KeyFamily::MachineCredentials),
    ] {
        assert_eq!(family(key), Some(expected), "{key}");
    }
}

#[test]
fn what_only_begins_alike_is_foreign() {
    for key in [
        "",
        ":",
        "tenant",
        "tenant:",
        "tenant:abc",
        "tenant::k",
        "tenant:{abc}",
        "tenant:{abc}k",
        "tenant:{abc:k",
        "tenant:{abc}#k",
        "tenant:a b:k",
        "tenant:-a:k",
        "tenants:abc:k",
        "xtenant:abc:k",
        "Tenant:abc:k",
        "tenant-connections:abc",
        "tenant-connections::ledger",
        "tenant-settings:a*:x",
        "tenant-manager:other",
        "apikey:sha256:",
        "apikey:md5:00",
        "apikey",
        "ratelimit:default",
        "ratelimit:default:",
        "ratelimit::x",
        "a:b:ratelimit:default:x",
        ":ratelimit:default:x",
        "sessions:ratelimit:default:x",
        "Tenant-Manager:ratelimit:default:x",
        "tenant-manager:Ratelimit:default:x",
        "tenant-manager:pool-manager:ratelimit:default:x",
        "RATELIMIT:default:x",
        "a b:ratelimit:default:x",
        "idempotency:abc",
        "idempotency::k",
        "m2m:ledger:abc",
        "m2m:ledger:abc:token",
        "m2m:ledger:abc:credentials:x",
        "session:1",
    ] {
        assert_eq!(family(key), None, "{key}");
    }
    assert_eq!(KeyFamily::of(b"tenant:\xff:k"), None);
    assert_eq!(KeyFamily::of(b"tenant:abc:\xff\0"), Some(KeyFamily::Tenant));
}

#[test]
fn only_counters_without_a_tenant_are_harmless() {
    let harmless: Vec<_> = ALL.into_iter().filter(|family| family.is_value_harmless()).collect();
    assert_eq!(harmless, [KeyFamily::RateLimit]);
    // Keys of other families that could be taken for counters with a prefix.
    for key in [
        "tenant:ratelimit:default:x",
        "tenant:abc:ratelimit:default:x",
        "tenant-connections:ratelimit:default:x",
        "tenant-settings:ratelimit:default:x",
        "idempotency:ratelimit:default:x",
        "m2m:ratelimit:default:credentials",
        "m2m:ratelimit:default:x",
        "apikey:ratelimit:default:x",
    ] {
        assert_ne!(family(key), Some(KeyFamily::RateLimit), "{key}");
    }
}

#[test]
fn a_tenant_has_its_keys_in_every_spelling() {
    for spelling in [PLAIN, DASHED, &DASHED.to_uppercase()] {
        for key in keys_of(spelling) {
            assert!(belongs(&key, PLAIN) && belongs(&key, DASHED), "{key}");
            assert!(!belongs(&key, "6b1b4b33f5d14d5f8c9d2a7e0f3c1a56"), "{key}");
        }
    }
}

#[test]
fn a_tenant_has_no_keys_of_others() {
    for key in keys_of("abcd") {
        assert!(belongs(&key, "abcd"), "{key}");
        for other in ["abc", "bcd", "ABCD", "abcd-", "other", "ledger", "accounts", "tenant"] {
            assert!(!belongs(&key, other), "{key} {other}");
        }
    }
    // Of no tenant at all, whatever they hold.
    for key in [
        "ratelimit:default:2001:abcd",
        "abcd:ratelimit:default:x",
        "apikey:sha256:abcd",
        "x:abcd:y",
        "tenant-manager:tenants:active:staging:abcd",
        "tenant-manager:tenants:active:abcd:x",
    ] {
        assert!(!belongs(key, "abcd"), "{key}");
    }
}

proptest! {
    #[test]
    fn every_key_of_a_tenant_holds_a_spelling_and_is_recognised(text in "[A-Za-z0-9][A-Za-z0-9_-]{0,40}") {
        let tenant: TenantId = text.parse().unwrap();
        for spelling in tenant.spellings() {
            for key in keys_of(&spelling) {
                prop_assert!(KeyFamily::of(key.as_bytes()).is_some());
                prop_assert!(KeyFamily::belongs_to(key.as_bytes(), &tenant));
                prop_assert!(tenant.spellings().iter().any(|spelling| key.contains(spelling)));
            }
        }
    }

    #[test]
    fn two_tenants_share_no_key(one in "[a-z0-9]{1,6}", other in "[a-z0-9]{1,6}") {
        prop_assume!(one != other);
        for key in keys_of(&one) {
            prop_assert!(!belongs(&key, &other));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(key in proptest::collection::vec(any::<u8>(), 0..64)) {
        let family = KeyFamily::of(&key);
        if KeyFamily::belongs_to(&key, &"abc".parse().unwrap()) {
            prop_assert!(family.is_some());
        }
    }
}
