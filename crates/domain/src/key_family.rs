//! The families of cache keys that this service writes, or that its clients do: what may be deleted by a pattern that
//! matches everything, whose a key is, and which values may be shown.

use crate::tenant_id::TenantId;

/// What a cache key is for, read from its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// `tenant:{id}:…`, `tenant:{<id>}:…` with real braces, and the older `tenant:{id}#…`: anything of one tenant.
    Tenant,
    /// `tenant-connections:{id}:{service}`: connection settings.
    TenantConnections,
    /// `tenant-settings:{id}:{service}`: the older name of the same.
    TenantSettings,
    /// `tenant-manager:tenants:active:{environment}:{service}`: ids of active tenants.
    ActiveTenants,
    /// `apikey:sha256:{hex}`: verdicts about API keys.
    ApiKey,
    /// `idempotency:{id}:{key}`: answers of keyed writes.
    Idempotency,
    /// `m2m:{target}:{id}:credentials`: credentials between services.
    MachineCredentials,
    /// `[prefix:]ratelimit:{tier}:{identity}`: counters.
    RateLimit,
}

impl KeyFamily {
    /// The family of a key; `None` for keys of other programs.
    pub fn of(key: &[u8]) -> Option<Self> {
        // The families with a tenant come first: a tenant may be called `ratelimit`.
        if tenant_scoped(key).is_some() {
            return Some(Self::Tenant);
        }
        let segments: Vec<&[u8]> = key.split(|&byte| byte == b':').collect();
        match segments[..] {
            [b"tenant", ..] => None,
            [b"tenant-connections", id, _, ..] if !id.is_empty() => Some(Self::TenantConnections),
            [b"tenant-settings", id, _, ..] if !id.is_empty() => Some(Self::TenantSettings),
            [b"tenant-manager", b"tenants", b"active", _, ..] => Some(Self::ActiveTenants),
            [b"apikey", b"sha256", _] => Some(Self::ApiKey),
            [b"idempotency", id, _, ..] if !id.is_empty() => Some(Self::Idempotency),
            [b"m2m", _, id, b"credentials"] if !id.is_empty() => Some(Self::MachineCredentials),
            [
                b"tenant-connections"
                | b"tenant-settings"
                | b"tenant-manager"
                | b"apikey"
                | b"idempotency"
                | b"m2m",
                ..,
            ] => None,
            [b"ratelimit", tier, _, ..] | [_, b"ratelimit", tier, _, ..] if !tier.is_empty() => {
                Some(Self::RateLimit)
            }
            _ => None,
        }
    }

    /// A short name for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::TenantConnections => "tenant-connections",
            Self::TenantSettings => "tenant-settings",
            Self::ActiveTenants => "active-tenants",
            Self::ApiKey => "api-key",
            Self::Idempotency => "idempotency",
            Self::MachineCredentials => "m2m",
            Self::RateLimit => "rate-limit",
        }
    }

    /// Whether values of the family may be shown: they hold nothing but counters. A list of what is harmless, so that
    /// a family that is added later is hidden until somebody decides otherwise.
    pub fn is_value_harmless(self) -> bool {
        matches!(self, Self::RateLimit)
    }

    /// Whether the key is of this tenant, in either spelling of its id.
    pub fn belongs_to(key: &[u8], tenant: &TenantId) -> bool {
        let Some(family) = Self::of(key) else { return false };
        let segment = |index: usize| key.split(|&byte| byte == b':').nth(index);
        let id = match family {
            Self::Tenant => tenant_scoped(key),
            Self::TenantConnections | Self::TenantSettings | Self::Idempotency => segment(1),
            Self::MachineCredentials => segment(2),
            Self::RateLimit => key.rsplit(|&byte| byte == b':').next(),
            Self::ActiveTenants | Self::ApiKey => None,
        };
        id.and_then(parse).is_some_and(|id| id == *tenant)
    }

    /// One key of each family, to recognise a pattern that matches them all.
    pub fn sample_keys() -> [&'static str; 10] {
        [
            "tenant:0f8fad5bd9cb469fa16570867728950e:settings",
            "tenant:{0f8fad5bd9cb469fa16570867728950e}:settings",
            "tenant:0f8fad5bd9cb469fa16570867728950e#settings",
            "tenant-connections:0f8fad5bd9cb469fa16570867728950e:ledger",
            "tenant-settings:0f8fad5bd9cb469fa16570867728950e:ledger",
            "tenant-manager:tenants:active:production:ledger",
            "apikey:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "idempotency:0f8fad5bd9cb469fa16570867728950e:6b1b4b33",
            "m2m:ledger:0f8fad5bd9cb469fa16570867728950e:credentials",
            "ratelimit:default:key-1",
        ]
    }
}

/// The id in a key that begins with `tenant:`; `None` when there is none that could be an id.
fn tenant_scoped(key: &[u8]) -> Option<&[u8]> {
    let rest = key.strip_prefix(b"tenant:")?;
    let id = match rest.strip_prefix(b"{") {
        Some(tagged) => {
            let end = tagged.iter().position(|&byte| byte == b'}')?;
            if tagged.get(end + 1) != Some(&b':') {
                return None;
            }
            &tagged[..end]
        }
        None => &rest[..rest.iter().position(|&byte| matches!(byte, b':' | b'#'))?],
    };
    parse(id).map(|_| id)
}

fn parse(id: &[u8]) -> Option<TenantId> {
    std::str::from_utf8(id).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0f8fad5bd9cb469fa16570867728950e";
    const DASHED: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn of(key: &str) -> Option<KeyFamily> {
        KeyFamily::of(key.as_bytes())
    }

    #[test]
    fn the_form_tells_the_family() {
        let families: Vec<_> = KeyFamily::sample_keys().into_iter().map(of).collect();
        assert!(families.iter().all(Option::is_some));
        assert_eq!(of("ratelimit:default:key-1"), Some(KeyFamily::RateLimit));
        assert_eq!(of("pm:ratelimit:default:key-1"), Some(KeyFamily::RateLimit));
        assert_eq!(of("tenant:acme:ratelimit:default:key-1"), Some(KeyFamily::Tenant));
        for foreign in [
            "",
            "session:1",
            "ratelimit",
            "ratelimit:default",
            "a:b:ratelimit:c:d",
            "tenant:",
            "tenant:{a:b",
            "tenant:{}:x",
            "apikey:md5:x",
            "tenants:a:b",
        ] {
            assert_eq!(of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_tenant_called_like_a_family_shows_no_value() {
        for key in [
            "idempotency:ratelimit:a:b",
            "tenant:ratelimit:default:x",
            "m2m:ratelimit:a:credentials",
            "tenant-connections:ratelimit:a:b",
            "apikey:ratelimit:a:b",
        ] {
            assert!(!of(key).is_some_and(KeyFamily::is_value_harmless), "{key}");
        }
        assert!(KeyFamily::RateLimit.is_value_harmless());
    }

    #[test]
    fn a_key_belongs_to_its_tenant_in_either_spelling() {
        let tenant: TenantId = DASHED.parse().unwrap();
        for id in [ID, DASHED] {
            let keys = [
                format!("tenant:{id}:a:b"),
                format!("tenant:{{{id}}}:a"),
                format!("tenant:{id}#a"),
                format!("tenant-connections:{id}:ledger"),
                format!("tenant-settings:{id}:ledger"),
                format!("idempotency:{id}:k"),
                format!("m2m:ledger:{id}:credentials"),
                format!("ratelimit:default:{id}"),
            ];
            for key in keys {
                assert!(KeyFamily::belongs_to(key.as_bytes(), &tenant), "{key}");
            }
        }
    }

    #[test]
    fn a_part_of_an_id_is_another_tenant() {
        let tenant: TenantId = "abc".parse().unwrap();
        for key in [
            "tenant:abcd:x",
            "tenant:{abcd}:x",
            "tenant:ab:x",
            "idempotency:xabc:k",
            "tenant:other:abc",
            "abc",
            "session:abc:x",
            "apikey:sha256:abc",
        ] {
            assert!(!KeyFamily::belongs_to(key.as_bytes(), &tenant), "{key}");
        }
    }
}
