//! API keys that a test and the service make alike, each from its number.

use domain::{ApiKey, ApiKeyHash, ApiKeyRecord, CallerId, KeyBinding, Scope, Scopes};

/// The key with this number.
pub fn known_key(number: usize) -> ApiKey {
    let mut random = [0; ApiKey::RANDOM_BYTES];
    // Any bytes do that differ from number to number in the public id as in the secret.
    for (place, byte) in random.iter_mut().enumerate() {
        let mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(place as u32 * 7);
        *byte = mixed.to_le_bytes()[0];
    }
    ApiKey::generate("staging", random)
}

/// How the service calls its holder.
pub fn caller_id(number: usize) -> CallerId {
    CallerId::from(format!("caller-{number}"))
}

/// What is registered of it at first. It may do everything.
pub(crate) fn record(number: usize) -> ApiKeyRecord {
    ApiKeyRecord {
        id: caller_id(number),
        hash: ApiKeyHash::of(&known_key(number)),
        name: "test".to_owned(),
        binding: KeyBinding::default(),
        scopes: Scopes::from_iter(Scope::EVERYTHING),
        rate_tier: None,
        version: 1,
        expires_at: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_differ_and_are_well_formed() {
        let keys: HashSet<String> = (0..2_000).map(|number| known_key(number).expose().to_owned()).collect();
        assert_eq!(keys.len(), 2_000);
        assert!(keys.iter().all(|key| ApiKey::parse(key).is_ok()));
    }
}
