//! The record of a key in the shared cache.
//!
//! It is sealed for its place: who can write to the shared cache can neither make a record, nor change one, nor move it to
//! another key. An old one that is put back is good for as long as it would have been.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use domain::{ApiKeyHash, ApiKeyRecord, KeyBinding, RateTier, Scope};
use seal::{KeyRing, OpenError, SealError};
use serde::{Deserialize, Serialize};

/// Raised when the meaning of a field changes. A record of another format counts as none.
const FORMAT: u32 = 3;

/// What is sealed, as JSON.
#[derive(Serialize, Deserialize)]
struct KeyRecord {
    format: u32,
    hash: [u8; 32],
    id: String,
    scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rate_tier: Option<RateTier>,
    #[serde(flatten)]
    binding: KeyBinding,
    version: u64,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires_at: Option<u64>,
    /// From when on the record itself is too old, milliseconds since 1970.
    good_until: u64,
}

/// Why what stands in the shared cache is no record of the key.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error("the record does not open")]
    Sealed(#[from] OpenError),
    #[error("the record has another form")]
    Form(#[from] serde_json::Error),
    #[error("the record is of format {0}")]
    Format(u32),
    #[error("the record is of another key")]
    OtherKey,
    #[error("the record is of version {sealed} and stands as version {stamped}")]
    Version { sealed: u64, stamped: u64 },
    #[error("the record is too old")]
    Old,
}

/// The bytes to store under `key`.
pub(super) fn sealed(
    ring: &KeyRing,
    key: &[u8],
    record: &ApiKeyRecord,
    good_until: SystemTime,
) -> Result<Bytes, SealError> {
    let record = KeyRecord {
        format: FORMAT,
        hash: *record.hash.as_bytes(),
        id: record.id.to_string(),
        scopes: record.scopes.iter().map(Scope::to_string).collect(),
        rate_tier: record.rate_tier,
        binding: record.binding.clone(),
        version: record.version,
        expires_at: record.expires_at.map(millis),
        good_until: millis(good_until),
    };
    // Numbers, strings and lists can always be written as JSON.
    let json = serde_json::to_vec(&record).map_err(|_| SealError)?;
    ring.seal(&json, key).map(Bytes::from)
}

/// What was stored under `key`, if it is the record of the key with this hash, and until when it is good.
pub(super) fn opened(
    ring: &KeyRing,
    key: &[u8],
    hash: &ApiKeyHash,
    (version, bytes): (u64, &[u8]),
    now: SystemTime,
) -> Result<(ApiKeyRecord, SystemTime), RecordError> {
    let record: KeyRecord = serde_json::from_slice(&ring.open(bytes, key)?)?;
    if record.format != FORMAT {
        return Err(RecordError::Format(record.format));
    }
    // The version beside the seal is what decides which record stands, so it must be the one that was sealed.
    if record.version != version {
        return Err(RecordError::Version { sealed: record.version, stamped: version });
    }
    if record.good_until <= millis(now) {
        return Err(RecordError::Old);
    }
    if ApiKeyHash::from_bytes(record.hash) != *hash {
        return Err(RecordError::OtherKey);
    }
    let opened = ApiKeyRecord {
        id: record.id.into(),
        hash: *hash,
        name: String::new(),
        binding: record.binding,
        scopes: record.scopes.into_iter().map(Scope::new).collect(),
        rate_tier: record.rate_tier,
        version,
        expires_at: record.expires_at.map(time),
    };
    Ok((opened, time(record.good_until)))
}

fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
