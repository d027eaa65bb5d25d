//! Where the keys of issuers of bearer tokens are read.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{BoxError, HostRules, KeySetSource};
use middleware::{TokenIssuer, TokenPolicy};
use serde::Deserialize;

use crate::config::{IssuerConfig, TokensConfig};
use crate::outbound::{OutboundError, OutboundHttp};

/// What an issuer publishes about itself stands here (OpenID Connect Discovery 1.0, 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The keys of one issuer, read over HTTP.
pub(crate) struct TokenKeys {
    http: OutboundHttp,
    issuer: IssuerConfig,
}

/// What an issuer publishes about itself.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

/// Why keys could not be read.
#[derive(Debug, thiserror::Error)]
enum TokenKeysError {
    #[error("what the issuer publishes about itself cannot be read")]
    Discovery(#[source] serde_json::Error),
    /// OpenID Connect Discovery 1.0, 4.3.
    #[error("what is published at AUTH_ISSUER is about another issuer")]
    OtherIssuer,
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

/// The policy that is configured, whose keys are read from these hosts; `None` when no tokens are believed.
pub(crate) fn policy(config: &TokensConfig, hosts: HostRules) -> Result<Option<TokenPolicy>, OutboundError> {
    if config.issuers.is_empty() {
        return Ok(None);
    }
    let http = OutboundHttp::new(hosts)?;
    let issuers = config.issuers.iter().map(|issuer| TokenIssuer {
        name: issuer.name.clone(),
        keys: Arc::new(TokenKeys { http: http.clone(), issuer: issuer.clone() }),
    });
    Ok(Some(TokenPolicy {
        issuers: issuers.collect(),
        audiences: config.audiences.clone(),
        organizations: config.organizations.clone(),
    }))
}

#[async_trait]
impl KeySetSource for TokenKeys {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        Ok(self.read().await?)
    }
}

impl TokenKeys {
    async fn read(&self) -> Result<Vec<u8>, TokenKeysError> {
        let url = match &self.issuer.keys_url {
            Some(url) => url.clone(),
            None => self.discovered().await?,
        };
        Ok(self.http.get(&url).await?.to_vec())
    }

    /// Asked each time: an issuer may move its keys.
    async fn discovered(&self) -> Result<String, TokenKeysError> {
        let at = format!("{}{DISCOVERY}", self.issuer.name.trim_end_matches('/'));
        let told = self.http.get(&at).await?;
        let told: Discovered = serde_json::from_slice(&told).map_err(TokenKeysError::Discovery)?;
        if told.issuer != self.issuer.name {
            return Err(TokenKeysError::OtherIssuer);
        }
        Ok(told.jwks_uri)
    }
}
