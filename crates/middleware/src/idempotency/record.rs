//! What the cache holds under the key of a write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::keyed_write::KeyedWrite;

/// A claim or an answer, as JSON. Every one names its owner, the one call that wrote it, so no two calls write the same.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) state: State,
    /// What the write asks for, in hex.
    pub(super) fingerprint: String,
    owner: String,
    /// The sealed answer in base64; none while it runs, and where it is not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    response: Option<String>,
}

/// How far the write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Processing,
    Complete,
}

impl Record {
    /// The claim of a call.
    pub(super) fn processing(write: &KeyedWrite) -> Bytes {
        Self::write(State::Processing, write, None)
    }

    /// The end of a call; its sealed answer, or none if that is not kept.
    pub(super) fn complete(write: &KeyedWrite, sealed: Option<&[u8]>) -> Bytes {
        Self::write(State::Complete, write, sealed)
    }

    fn write(state: State, write: &KeyedWrite, sealed: Option<&[u8]>) -> Bytes {
        let record = Self {
            state,
            fingerprint: write.fingerprint().to_string(),
            owner: write.owner().to_string(),
            response: sealed.map(|sealed| STANDARD.encode(sealed)),
        };
        // Strings can always be written as JSON.
        serde_json::to_vec(&record).unwrap_or_default().into()
    }

    /// Reads what stands in the cache; `None` for what no release of this wrote.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The sealed answer, if there is one.
    pub(super) fn sealed_answer(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.response.as_deref()?).ok()
    }
}
