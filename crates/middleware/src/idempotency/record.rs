//! What the cache holds under the key of a write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use super::keyed_write::KeyedWrite;

/// A claim or an answer, as JSON. Every one names its owner, the one call that wrote it, so no two calls write the same.
#[derive(Deserialize)]
pub(super) struct Record {
    pub(super) state: State,
    /// What the write asks for, in hex.
    pub(super) fingerprint: String,
    #[expect(dead_code, reason = "what names no owner is not read as a record")]
    owner: String,
    /// The sealed answer in base64; none while it runs, and where it is not kept.
    response: Option<String>,
}

/// How far the write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Processing,
    Complete,
}

impl Record {
    /// The claim of a call.
    pub(super) fn processing(write: &KeyedWrite) -> Bytes {
        Self::write("processing", write, None)
    }

    /// The end of a call; its sealed answer, or none if that is not kept.
    pub(super) fn complete(write: &KeyedWrite, sealed: Option<&[u8]>) -> Bytes {
        Self::write("complete", write, sealed)
    }

    /// Hex, base64 and the text of a UUID are JSON as they are: nothing is to be escaped.
    fn write(state: &str, write: &KeyedWrite, sealed: Option<&[u8]>) -> Bytes {
        let (fingerprint, owner) = (write.fingerprint(), write.owner());
        let mut text = format!(r#"{{"state":"{state}","fingerprint":"{fingerprint}","owner":"{owner}""#);
        if let Some(sealed) = sealed {
            text.reserve(sealed.len() * 4 / 3 + 32);
            text.push_str(r#","response":""#);
            STANDARD.encode_string(sealed, &mut text);
            text.push('"');
        }
        text.push('}');
        text.into()
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
