//! Credentials for services of the platform in bodies.

use domain::{Invalid, SecretText};
use serde::{Deserialize, Serialize};
use tenancy::{CredentialPath, CredentialView, M2mSecret};
use utoipa::ToSchema;

use crate::v1::credentials::credential_out::CredentialOut;
use crate::v1::resources::SecretString;

/// A client, or the wish for another secret of the one that is there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct M2mIn {
    #[schema(example = "matcher-of-acme")]
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    /// Scheme, host and port of the target; as the service is registered where there is none.
    #[schema(example = "https://fetcher.int:8443")]
    target_base_url: Option<String>,
    /// With PUT and without the others: the client gets another secret, made here. It is seen with `reveal=true` only.
    #[serde(default)]
    rotate: bool,
}

/// What is asked for.
pub(super) enum Asked {
    /// This client.
    Client(M2mSecret),
    /// Another secret of the client that is there.
    Rotation,
}

/// Where the secret is and, where it was asked for, what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct M2mOut {
    #[serde(flatten)]
    credential: CredentialOut,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_base_url: Option<String>,
    /// Only with `reveal=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl M2mIn {
    pub(super) fn check(self) -> Result<Asked, Invalid> {
        let mut invalid = Invalid::default();
        if self.rotate {
            if self.client_id.is_some() || self.client_secret.is_some() || self.target_base_url.is_some() {
                invalid.add("rotate", "must stand alone: the client stays, and its secret is made here");
            }
            return invalid.into_result().map(|()| Asked::Rotation);
        }
        let url = self.target_base_url.filter(|url| !url.is_empty());
        let target_base_url = url.and_then(|url| invalid.take("targetBaseUrl", url.parse()));
        let client_id = self.client_id.unwrap_or_default();
        let client_secret = self.client_secret.map_or_else(|| SecretText::new(""), |secret| secret.0);
        invalid.into_result()?;
        Ok(Asked::Client(M2mSecret { client_id, client_secret, target_base_url }))
    }
}

impl M2mOut {
    pub(super) fn of(path: &CredentialPath, view: &CredentialView, reveal: bool) -> Self {
        let credential = CredentialOut::of(path, view);
        let secret = view.m2m.as_ref();
        let revealed = secret.filter(|_| reveal).map(|secret| secret.client_secret.expose().to_owned());
        Self {
            credential,
            client_id: secret.map(|secret| secret.client_id.clone()).unwrap_or_default(),
            target_base_url: secret
                .and_then(|it| it.target_base_url.as_ref())
                .map(|url| url.as_str().to_owned()),
            client_secret: revealed,
        }
    }
}
