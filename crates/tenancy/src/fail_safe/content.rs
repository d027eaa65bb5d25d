//! What is remembered of one thing, sealed.
//!
//! The name of the thing is inside of the seal: the file tells nothing of tenants and keys, and an entry cannot be passed off
//! as one of another thing. The associated data say that it belongs here, so nothing that was sealed for a cache opens.

use bytes::Bytes;
use domain::{
    ApiKeyHash, ApiKeyRecord, Association, Environment, KeyBinding, ModuleResources, RateTier, Scope,
    ServiceSettings, Timestamp,
};
use seal::{KeyRing, OpenError, SealError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::connections::{Rendered, StoredKeptOut};

const PLACE: &[u8] = b"fail-safe snapshot";
/// Raised when the meaning of a field changes. What has another format counts as none.
const FORMAT: u32 = 1;

/// Fingerprint (CRC-32 and length) of what connections lead to and of the versions of their secrets. Limits of pools are not part
/// of it: with the former ones a service works as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Places(u64);

impl Places {
    /// Those of an association; `None` where they cannot be told.
    pub(crate) fn of(association: &Association) -> Option<Self> {
        let unlimited =
            |module: &ModuleResources| ModuleResources { connection_settings: None, ..module.clone() };
        let modules = association.modules.iter().map(|(name, module)| (name, unlimited(module)));
        let text = serde_json::to_vec(&(&association.isolation, modules.collect::<Vec<_>>())).ok()?;
        Some(Self(u64::from(crc32fast::hash(&text)) << 32 | (text.len() as u64 & u64::from(u32::MAX))))
    }
}

/// What kind of thing is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Connections.
    Config,
    /// The tenant, or its association, is kept out.
    KeptOut,
    /// There is no such association any more.
    Gone,
    /// It changed, and what it is now is not known.
    Superseded,
    /// A key that is good.
    Key,
    /// A key that was withdrawn.
    Revoked,
}

impl Kind {
    /// Whether it says that somebody is not to be let in.
    pub(super) fn keeps_out(self) -> bool {
        !matches!(self, Self::Config | Self::Key)
    }

    /// Whether connections, or a refusal in their place, are answered from it.
    pub(super) fn is_served(self) -> bool {
        matches!(self, Self::Config | Self::KeptOut | Self::Gone)
    }
}

/// What is to be remembered.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) version: u64,
    pub(super) confirmed_at: Timestamp,
    pub(super) what: What<'a>,
}

#[derive(Debug)]
pub(super) enum What<'a> {
    Config {
        environment: Environment,
        settings: &'a ServiceSettings,
        places: Option<Places>,
        rendered: &'a Rendered,
    },
    KeptOut {
        environment: Environment,
        settings: &'a ServiceSettings,
        kept_out: StoredKeptOut,
    },
    Gone,
    Superseded,
    Key(&'a ApiKeyRecord),
    Revoked,
}

impl Content<'_> {
    pub(super) fn kind(&self) -> Kind {
        match self.what {
            What::Config { .. } => Kind::Config,
            What::KeptOut { .. } => Kind::KeptOut,
            What::Gone => Kind::Gone,
            What::Superseded => Kind::Superseded,
            What::Key(_) => Kind::Key,
            What::Revoked => Kind::Revoked,
        }
    }

    pub(super) fn places(&self) -> Option<Places> {
        match self.what {
            What::Config { places, .. } => places,
            _ => None,
        }
    }
}

/// Stands before the text of connections, as one line of JSON. Not `Debug`: there are passwords in that text.
#[derive(Serialize, Deserialize)]
pub(super) struct Opened {
    format: u32,
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) confirmed_at: Timestamp,
    pub(super) stored: Stored,
    #[serde(skip)]
    pub(super) body: Bytes,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stored {
    Config {
        environment: Environment,
        settings: ServiceSettings,
        places: Option<Places>,
    },
    KeptOut {
        environment: Environment,
        settings: ServiceSettings,
        kept_out: StoredKeptOut,
    },
    Gone,
    Superseded,
    Key(Box<StoredKey>),
    Revoked,
    /// Not of one thing: the names of those that were confirmed at the time of this entry.
    Renewed(Vec<String>),
    /// The names of those that are not remembered any more.
    Forgotten(Vec<String>),
}

impl Stored {
    /// `None` for what is not of one thing.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Config { .. } => Some(Kind::Config),
            Self::KeptOut { .. } => Some(Kind::KeptOut),
            Self::Gone => Some(Kind::Gone),
            Self::Superseded => Some(Kind::Superseded),
            Self::Key(_) => Some(Kind::Key),
            Self::Revoked => Some(Kind::Revoked),
            Self::Renewed(_) | Self::Forgotten(_) => None,
        }
    }
}

/// What is known of a key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredKey {
    id: String,
    hash: ApiKeyHash,
    #[serde(flatten)]
    binding: KeyBinding,
    scopes: Vec<Scope>,
    rate_tier: Option<RateTier>,
    expires_at: Option<Timestamp>,
}

impl StoredKey {
    fn of(record: &ApiKeyRecord) -> Self {
        Self {
            id: record.id.to_string(),
            hash: record.hash,
            binding: record.binding.clone(),
            scopes: record.scopes.iter().cloned().collect(),
            rate_tier: record.rate_tier,
            expires_at: record.expires_at.map(Into::into),
        }
    }

    pub(super) fn into_record(self, version: u64) -> ApiKeyRecord {
        ApiKeyRecord {
            id: self.id.into(),
            hash: self.hash,
            name: String::new(),
            binding: self.binding,
            scopes: self.scopes.into_iter().collect(),
            rate_tier: self.rate_tier,
            version,
            expires_at: self.expires_at.map(Into::into),
        }
    }
}

/// Why an entry is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentError {
    #[error("the entry does not open")]
    Sealed(#[from] OpenError),
    #[error("the entry cannot be sealed")]
    Unsealed(#[from] SealError),
    #[error("the entry has another form")]
    Form(#[from] serde_json::Error),
    #[error("the entry is of format {0}")]
    Format(u32),
}

/// The envelope of what is to be remembered under this name.
pub(super) fn sealed(ring: &KeyRing, name: &str, content: &Content<'_>) -> Result<Bytes, SealError> {
    let mut body = Bytes::new();
    let stored = match &content.what {
        What::Config { environment, settings, places, rendered } => {
            body = rendered.body.clone();
            let settings = (*settings).clone();
            Stored::Config { environment: *environment, settings, places: *places }
        }
        What::KeptOut { environment, settings, kept_out } => {
            let settings = (*settings).clone();
            Stored::KeptOut { environment: *environment, settings, kept_out: *kept_out }
        }
        What::Gone => Stored::Gone,
        What::Superseded => Stored::Superseded,
        What::Key(record) => Stored::Key(Box::new(StoredKey::of(record))),
        What::Revoked => Stored::Revoked,
    };
    let (version, confirmed_at) = (content.version, content.confirmed_at);
    seal_opened(ring, &Opened { format: FORMAT, name: name.to_owned(), version, confirmed_at, stored, body })
}

/// The envelope of a list of names.
pub(super) fn sealed_list(ring: &KeyRing, at: Timestamp, stored: Stored) -> Result<Bytes, SealError> {
    let (name, body) = (String::new(), Bytes::new());
    seal_opened(ring, &Opened { format: FORMAT, name, version: 0, confirmed_at: at, stored, body })
}

fn seal_opened(ring: &KeyRing, opened: &Opened) -> Result<Bytes, SealError> {
    // Numbers, names and texts can always be written as JSON.
    let head = serde_json::to_vec(opened).map_err(|_| SealError)?;
    let text = Zeroizing::new([head.as_slice(), b"\n", &opened.body].concat());
    ring.seal(&text, PLACE).map(Bytes::from)
}

/// The same sealed with the first key, as of another time of confirmation.
pub(super) fn sealed_anew(ring: &KeyRing, sealed: &[u8], at: Timestamp) -> Result<Bytes, ContentError> {
    let opened = opened(ring, sealed)?;
    Ok(seal_opened(ring, &Opened { confirmed_at: at, ..opened })?)
}

/// What is in an envelope.
pub(super) fn opened(ring: &KeyRing, sealed: &[u8]) -> Result<Opened, ContentError> {
    let text = ring.open(sealed, PLACE)?;
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let opened: Opened = serde_json::from_slice(&text[..end])?;
    if opened.format != FORMAT {
        return Err(ContentError::Format(opened.format));
    }
    let body = Bytes::copy_from_slice(text.get(end + 1..).unwrap_or_default());
    Ok(Opened { body, ..opened })
}
