//! What the secrets of credentials hold: the form that other programs read.

use std::collections::BTreeMap;

use domain::{BaseUrl, HostRules, Invalid, SecretText};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

/// Longer than any that is in use.
const MAX_TEXT: usize = 1_024;
const MAX_NAME: usize = 128;
const MAX_VALUES: usize = 64;
/// The most that AWS Secrets Manager takes.
const MAX_BODY: usize = 65_536;

/// With what an application calls a service of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct M2mSecret {
    /// The OAuth client.
    pub client_id: String,
    /// What it proves itself with.
    pub client_secret: SecretText,
    /// Where the service is; as it is registered where nothing is said.
    pub target_base_url: Option<BaseUrl>,
}

/// With what an application calls somebody else's service: texts by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSecret(pub BTreeMap<String, SecretText>);

/// The body that readers of M2M secrets expect.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct M2mBody {
    client_id: String,
    client_secret: Zeroizing<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    target_base_url: Option<String>,
}

impl M2mSecret {
    pub(super) fn check(&self, hosts: HostRules) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if let Some(url) = &self.target_base_url {
            invalid.take("targetBaseUrl", hosts.check(url.host()));
        }
        let texts = [("clientId", self.client_id.as_str()), ("clientSecret", self.client_secret.expose())];
        for (field, text) in texts {
            if text.trim().is_empty() || text.len() > MAX_TEXT {
                invalid.add(field, format_args!("must have 1 to {MAX_TEXT} bytes"));
            }
        }
        invalid.into_result()
    }

    pub(super) fn body(&self) -> Result<SecretText, serde_json::Error> {
        let body = M2mBody {
            client_id: self.client_id.clone(),
            client_secret: Zeroizing::new(self.client_secret.expose().to_owned()),
            target_base_url: self.target_base_url.as_ref().map(|url| url.as_str().to_owned()),
        };
        serde_json::to_string(&body).map(SecretText::new)
    }

    /// Reads a body; `None` when it is not of the form that is written here.
    pub(super) fn of_body(body: &SecretText) -> Option<Self> {
        let body: M2mBody = serde_json::from_str(body.expose()).ok()?;
        Some(Self {
            client_id: body.client_id,
            client_secret: SecretText::new(body.client_secret.as_str()),
            target_base_url: body.target_base_url.and_then(|url| url.parse().ok()),
        })
    }
}

impl ExternalSecret {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if self.0.is_empty() || self.0.len() > MAX_VALUES {
            invalid.add("values", format_args!("must have 1 to {MAX_VALUES} entries"));
        }
        if self.0.keys().any(|name| name.trim().is_empty() || name.len() > MAX_NAME) {
            invalid.add("values", format_args!("must have names of 1 to {MAX_NAME} bytes"));
        }
        if self.body().is_ok_and(|body| body.expose().len() > MAX_BODY) {
            invalid.add("values", format_args!("must have at most {MAX_BODY} bytes as JSON"));
        }
        invalid.into_result()
    }

    pub(super) fn body(&self) -> Result<SecretText, serde_json::Error> {
        serde_json::to_string(&Exposed(&self.0)).map(SecretText::new)
    }
}

/// The texts in the clear, on their way to the secrets backend.
struct Exposed<'a>(&'a BTreeMap<String, SecretText>);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value.expose())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_that_others_read() {
        let secret = M2mSecret {
            client_id: "id".to_owned(),
            client_secret: SecretText::new("s"),
            target_base_url: None,
        };
        let body = secret.body().unwrap();
        assert_eq!(body.expose(), r#"{"clientId":"id","clientSecret":"s"}"#);
        assert_eq!(M2mSecret::of_body(&body), Some(secret.clone()));
        let url = Some("https://fetcher.int:8443".parse().unwrap());
        let body = M2mSecret { target_base_url: url, ..secret }.body().unwrap();
        assert!(body.expose().ends_with(r#","targetBaseUrl":"https://fetcher.int:8443"}"#));
        let values =
            [("user", "u"), ("a b", "\"")].map(|(name, text)| (name.to_owned(), SecretText::new(text)));
        let external = ExternalSecret(BTreeMap::from(values));
        assert_eq!(external.body().unwrap().expose(), r#"{"a b":"\"","user":"u"}"#);
        assert!(!format!("{external:?}").contains("u\")"));
    }
}
