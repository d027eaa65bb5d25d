//! The families of cache keys that this service writes, or that its clients do: what may be deleted by a pattern that
//! matches everything, whose a key is, and which values may be shown.

use crate::tenant_id::TenantId;

/// What may stand in front of `ratelimit:`, exactly so. Any other prefix is somebody else's, whose values may be secrets.
const RATE_LIMIT_PREFIXES: [&[u8]; 2] = [b"tenant-manager:", b"pool-manager:"];

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
    /// `active-tenants:{environment}:{service}`: tells when such a list changes.
    ActiveTenantsChanges,
    /// `apikey:sha256:{hex}`: verdicts about API keys.
    ApiKey,
    /// `idempotency:{id}:{key}`: answers of keyed writes.
    Idempotency,
    /// `m2m:{target}:{id}:credentials`: credentials between services.
    MachineCredentials,
    /// `ratelimit:{tier}:{identity}`, also behind `tenant-manager:` or `pool-manager:`: counters.
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
            [b"tenant-connections", id, _, ..] if parse(id).is_some() => Some(Self::TenantConnections),
            [b"tenant-settings", id, _, ..] if parse(id).is_some() => Some(Self::TenantSettings),
            [b"tenant-manager", b"tenants", b"active", _, ..] => Some(Self::ActiveTenants),
            [b"active-tenants", _, _] => Some(Self::ActiveTenantsChanges),
            [b"apikey", b"sha256", hash] if !hash.is_empty() => Some(Self::ApiKey),
            // Not every claim is a tenant's: the part may name another caller.
            [b"idempotency", id, _, ..] if !id.is_empty() => Some(Self::Idempotency),
            [b"m2m", _, id, b"credentials"] if parse(id).is_some() => Some(Self::MachineCredentials),
            _ => rate_limit_identity(key).map(|_| Self::RateLimit),
        }
    }

    /// A short name for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::TenantConnections => "tenant-connections",
            Self::TenantSettings => "tenant-settings",
            Self::ActiveTenants => "active-tenants",
            Self::ActiveTenantsChanges => "active-tenants-changes",
            Self::ApiKey => "api-key",
            Self::Idempotency => "idempotency",
            Self::MachineCredentials => "m2m",
            Self::RateLimit => "rate-limit",
        }
    }

    /// Whether values of the family may be shown if they look like counters, which is what they should be. A list of what is harmless, so that
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
            Self::RateLimit => rate_limit_identity(key),
            Self::ActiveTenants | Self::ActiveTenantsChanges | Self::ApiKey => None,
        };
        id.and_then(parse).is_some_and(|id| id == *tenant)
    }

    /// One key of each family, and no more: a pattern that matches all of them matches everything of ours, however it is
    /// written.
    pub fn sample_keys() -> [&'static str; 9] {
        [
            "tenant:0f8fad5bd9cb469fa16570867728950e:settings",
            "tenant-connections:0f8fad5bd9cb469fa16570867728950e:ledger",
            "tenant-settings:0f8fad5bd9cb469fa16570867728950e:ledger",
            "tenant-manager:tenants:active:production:ledger",
            "active-tenants:production:ledger",
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

/// Whom a counter is for: all behind `ratelimit:{tier}:`, in which there may be colons. A prefix of the list may stand
/// in front, as in `tenant-manager:ratelimit:default:192.0.2.1`.
fn rate_limit_identity(key: &[u8]) -> Option<&[u8]> {
    let colon = |bytes: &[u8]| bytes.iter().position(|&byte| byte == b':');
    let unprefixed = RATE_LIMIT_PREFIXES.iter().find_map(|prefix| key.strip_prefix(*prefix));
    let rest = unprefixed.unwrap_or(key).strip_prefix(b"ratelimit:")?;
    let (tier, identity) = rest.split_at(colon(rest)?);
    (!tier.is_empty() && identity.len() > 1).then_some(&identity[1..])
}

fn parse(id: &[u8]) -> Option<TenantId> {
    std::str::from_utf8(id).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
