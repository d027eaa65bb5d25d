//! Events of types that this version does not know.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::KNOWN_TYPES;
use crate::segment::{self, SegmentError};
use crate::service_name::ServiceName;

const MAX_TYPE: usize = 128;

/// What a newer version of this service wrote: it is passed on as it is. While replicas are replaced, one of the old version may
/// be the one that relays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct NewerEvent {
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    #[serde(skip)]
    service: Option<ServiceName>,
}

#[derive(Deserialize)]
struct Written {
    event_type: String,
    payload: Option<Value>,
}

/// Why it is no event of a newer version.
#[derive(Debug, thiserror::Error)]
enum NewerEventError {
    #[error("{0} is known here and has another payload")]
    Known(String),
    #[error("event_type: {0}")]
    Type(SegmentError),
    #[error("payload.service_name is none")]
    Service(#[from] SegmentError),
    #[error("payload.service_name is not a text")]
    NotText,
}

impl NewerEvent {
    /// Such as `tenant.moved`.
    pub fn name(&self) -> &str {
        &self.event_type
    }

    /// The service that it is about; `None` where it is about the tenant.
    pub fn service(&self) -> Option<&ServiceName> {
        self.service.as_ref()
    }
}

impl TryFrom<Written> for NewerEvent {
    type Error = NewerEventError;

    fn try_from(written: Written) -> Result<Self, NewerEventError> {
        let Written { event_type, payload } = written;
        if KNOWN_TYPES.contains(&event_type.as_str()) {
            return Err(NewerEventError::Known(event_type));
        }
        // It goes into routing keys and lines of streams.
        segment::check(&event_type, MAX_TYPE).map_err(NewerEventError::Type)?;
        // Who may read it depends on that: what cannot be told is shown to nobody.
        let service = match payload.as_ref().and_then(|payload| payload.get("service_name")) {
            None => None,
            Some(Value::String(name)) => Some(name.parse()?),
            Some(_) => return Err(NewerEventError::NotText),
        };
        Ok(Self { event_type, payload, service })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::event::TenantEvent;

    fn read(event_type: &str, payload: &serde_json::Value) -> Result<TenantEvent, serde_json::Error> {
        let event = json!({ "event_id": "0f8fad5b-d9cb-469f-a165-70867728950e", "at": 5, "tenant_id": "acme",
            "tenant_slug": "acme", "environment": "staging", "tenant_version": 3, "event_type": event_type,
            "payload": payload });
        let read: TenantEvent = serde_json::from_value(event.clone())?;
        assert_eq!(serde_json::to_value(&read).unwrap(), event);
        Ok(read)
    }

    #[test]
    fn a_type_that_is_not_known_is_passed_on_as_it_is() {
        let moved = read("tenant.moved", &json!({ "to": "another", "service_name": "ledger" })).unwrap();
        assert_eq!(moved.kind.name(), "tenant.moved");
        assert_eq!(moved.kind.service().map(ToString::to_string).as_deref(), Some("ledger"));
        assert_eq!(read("tenant.renumbered", &json!({ "from": [1] })).unwrap().kind.service(), None);
    }

    #[test]
    fn what_is_known_has_to_be_right() {
        for (event_type, payload) in [
            ("tenant.service.purged", json!({ "service": "ledger" })),
            ("tenant.moved\nid: 9", json!({})),
            ("tenant.moved", json!({ "service_name": 5 })),
            ("tenant.moved", json!({ "service_name": "no name" })),
        ] {
            assert!(read(event_type, &payload).is_err(), "{event_type}");
        }
    }
}
