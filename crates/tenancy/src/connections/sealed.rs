//! Connections in the shared cache: sealed for their place, so that who can read there learns no password, and who can write
//! there can put nothing in the place of anything.

use bytes::Bytes;
use domain::{Environment, ServiceName, ServiceSettings, Timestamp};
use seal::{KeyRing, OpenError, SealError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::connection::{Connection, Outcome, Rendered, StoredKeptOut};
use crate::fail_safe::Places;

/// Raised when the meaning of a field or of the text behind it changes. What has another format counts as none.
const FORMAT: u32 = 1;

/// Stands before the text of the connections, as one line of JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    environment: Environment,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    places: Option<Places>,
    good_until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kept_out: Option<StoredKeptOut>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    settings: Option<ServiceSettings>,
}

/// Why what stands in the shared cache is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealedError {
    #[error("the connections do not open")]
    Sealed(#[from] OpenError),
    #[error("the connections have another form")]
    Form(#[from] serde_json::Error),
    #[error("the connections are of format {0}")]
    Format(u32),
    #[error("the connections are of version {sealed} and stand as version {stamped}")]
    Version { sealed: u64, stamped: u64 },
    #[error("the connections are too old")]
    Old,
}

/// The bytes to store under `key`.
pub(super) fn sealed(
    ring: &KeyRing,
    key: &str,
    connection: &Connection,
    good_until: Timestamp,
) -> Result<Bytes, SealError> {
    let (kept_out, body) = match &connection.outcome {
        Outcome::Config(rendered) => (None, rendered.body.clone()),
        Outcome::KeptOut(kept_out) => (Some(StoredKeptOut::of(kept_out)), Bytes::new()),
    };
    let Connection { environment, version, places, .. } = *connection;
    let settings = Some(connection.settings.clone()).filter(|settings| settings.version > 0);
    let head = Head { format: FORMAT, environment, version, places, good_until, kept_out, settings };
    // Numbers and names can always be written as JSON.
    let head = serde_json::to_vec(&head).map_err(|_| SealError)?;
    let text = Zeroizing::new([head.as_slice(), b"\n", &body].concat());
    ring.seal(&text, key.as_bytes()).map(Bytes::from)
}

/// What was stored under `key` as this version, and until when it is good.
pub(super) fn opened(
    ring: &KeyRing,
    key: &str,
    service: &ServiceName,
    (version, bytes): (u64, &[u8]),
    now: Timestamp,
) -> Result<(Connection, Timestamp), SealedError> {
    let text = ring.open(bytes, key.as_bytes())?;
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let head: Head = serde_json::from_slice(&text[..end])?;
    if head.format != FORMAT {
        return Err(SealedError::Format(head.format));
    }
    // The version beside the seal is what decides which record stands, so it must be the one that was sealed.
    if head.version != version {
        return Err(SealedError::Version { sealed: head.version, stamped: version });
    }
    // Whoever writes to the shared cache could put back what once was.
    if head.good_until <= now {
        return Err(SealedError::Old);
    }
    let outcome = match head.kept_out {
        Some(kept_out) => Outcome::KeptOut(kept_out.into_kept_out(service)),
        None => {
            let body = text.get(end + 1..).unwrap_or_default();
            Outcome::Config(Rendered::new(Bytes::copy_from_slice(body), version))
        }
    };
    let Head { environment, places, good_until, settings, .. } = head;
    let settings = settings.unwrap_or_default();
    Ok((Connection { environment, version, places, settings, outcome }, good_until))
}

#[cfg(test)]
mod tests {
    use seal::SealingKey;

    use super::*;
    use crate::refusal::KeptOut;

    const KEY: &str = "tenant-connections:acme:ledger";

    fn config() -> Connection {
        let body = Bytes::from_static(b"{\"password\":\"marked\n\"}");
        let outcome = Outcome::Config(Rendered::new(body, 7));
        let mut invalid = domain::Invalid::default();
        let values = [("motto".to_owned(), "first\nsecond".to_owned())];
        let values = domain::TextMap::check(values.into(), "values", &mut invalid).unwrap();
        let settings = ServiceSettings { version: 3, values };
        Connection { environment: Environment::Staging, version: 7, places: None, settings, outcome }
    }

    #[test]
    fn opens_in_its_place_and_time_only() {
        let ring = KeyRing::new(SealingKey::from_bytes([1; 32]), []);
        let (service, now) = ("ledger".parse().unwrap(), Timestamp::from_millis(1_000));
        let good_until = Timestamp::from_millis(2_000);
        let bytes = sealed(&ring, KEY, &config(), good_until).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"marked"));
        let open = |key, version, now| opened(&ring, key, &service, (version, bytes.as_ref()), now);
        assert_eq!(open(KEY, 7, now).unwrap(), (config(), good_until));
        assert!(matches!(open("tenant-connections:other:ledger", 7, now), Err(SealedError::Sealed(_))));
        assert!(matches!(open(KEY, 8, now), Err(SealedError::Version { .. })));
        assert!(matches!(open(KEY, 7, good_until), Err(SealedError::Old)));
    }

    #[test]
    fn who_is_kept_out_stays_so() {
        let ring = KeyRing::new(SealingKey::from_bytes([1; 32]), []);
        let service: ServiceName = "ledger".parse().unwrap();
        for kept_out in [
            KeptOut::Tenant { service: service.clone() },
            KeptOut::Association { service: service.clone(), status: domain::AssociationStatus::Purged },
        ] {
            let connection = Connection { outcome: Outcome::KeptOut(kept_out), ..config() };
            let (now, good_until) = (Timestamp::from_millis(1), Timestamp::from_millis(5));
            let bytes = sealed(&ring, KEY, &connection, good_until).unwrap();
            let found = opened(&ring, KEY, &service, (7, bytes.as_ref()), now).unwrap();
            assert_eq!(found, (connection, good_until));
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", config()).contains("marked"));
    }
}
