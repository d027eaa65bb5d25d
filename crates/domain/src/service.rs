//! What the platform offers its tenants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::host_rules::without_port;
use crate::module_name::ModuleName;
use crate::resources::ResourceKind;
use crate::timestamp::Timestamp;

/// A service as it is registered: its modules, what each owns, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// What each module may own.
    pub modules: BTreeMap<ModuleName, BTreeSet<ResourceKind>>,
    /// Where it is reached, by environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub base_urls: BTreeMap<Environment, BaseUrl>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Service {
    /// The most modules.
    pub const MAX_MODULES: usize = 64;

    /// Whether both say the same; when they were written does not count.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.modules == other.modules && self.base_urls == other.base_urls
    }
}

/// Where a service is reached: scheme, host and port, without a path, as consumers of machine credentials expect it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(String);

/// The text is no base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be http:// or https:// and a host, and a port if need be, without path, query and user")]
pub struct BaseUrlError;

impl BaseUrl {
    /// The URL as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, IPv6 in brackets.
    pub fn host(&self) -> &str {
        without_port(self.0.split_once("://").map_or(self.0.as_str(), |(_, authority)| authority))
    }
}

impl std::str::FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim().trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let authority = rest.ok_or(BaseUrlError)?;
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if authority.is_empty() || text.len() > 255 || !authority.bytes().all(is_fine) {
            return Err(BaseUrlError);
        }
        if let Some((host, port)) = authority.rsplit_once(':')
            && !authority.ends_with(']')
            && (host.is_empty() || port.parse::<u16>().is_err())
        {
            return Err(BaseUrlError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlError;

    fn try_from(text: String) -> Result<Self, BaseUrlError> {
        text.parse()
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_no_path() {
        for (text, url) in [
            ("https://ledger.int", "https://ledger.int"),
            ("http://ledger:3000/", "http://ledger:3000"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), url);
            assert!(["ledger.int", "ledger", "[::1]"].contains(&text.parse::<BaseUrl>().unwrap().host()));
        }
        for text in [
            "ledger",
            "ftp://x",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://a:b",
            "https://:1",
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(BaseUrlError), "{text}");
        }
    }
}
