//! The public keys that an issuer signs with.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// More than issuers have: a few while they change them.
const MAX_KEYS: usize = 64;
const MAX_ID_LENGTH: usize = 256;

/// A key that verifies signatures of one algorithm: the key says which, never the token (RFC 8725, 3.1).
pub(super) struct SigningKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// As the issuer tells it, to see whether it is still the same.
    told: Value,
}

/// The keys of an issuer, by id.
pub(super) type KeySet = HashMap<String, Arc<SigningKey>>;

/// Why an answer is no set of keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("the answer is no JSON Web Key Set")]
    Form(#[from] serde_json::Error),
    #[error("none of the {0} keys can verify RS256, ES256 or EdDSA signatures")]
    NoneUsable(usize),
}

#[derive(Deserialize)]
struct Told {
    keys: Vec<Value>,
}

/// The usable keys of a JSON Web Key Set (RFC 7517). Others, such as secret ones, are left out; keys that are in `held` already
/// stay what they are.
pub(super) fn key_set(json: &[u8], held: &KeySet) -> Result<KeySet, KeySetError> {
    let Told { keys } = serde_json::from_slice(json)?;
    let mut set = KeySet::new();
    for told in keys.iter().take(MAX_KEYS) {
        let Some((id, key)) = usable(told) else { continue };
        let same = held.get(&id).filter(|held| held.told == *told).cloned();
        set.entry(id).or_insert_with(|| same.unwrap_or_else(|| Arc::new(key)));
    }
    if set.is_empty() { Err(KeySetError::NoneUsable(keys.len())) } else { Ok(set) }
}

fn usable(told: &Value) -> Option<(String, SigningKey)> {
    let jwk: Jwk = serde_json::from_value(told.clone()).ok()?;
    let common = &jwk.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if common.key_algorithm.is_some_and(|said| said != name) {
        return None;
    }
    let id = common.key_id.clone().filter(|id| !id.is_empty() && id.len() <= MAX_ID_LENGTH)?;
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((id, SigningKey { algorithm, key, told: told.clone() }))
}
