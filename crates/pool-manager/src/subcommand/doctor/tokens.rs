//! Whether the keys of those who issue bearer tokens can be read.

use domain::HostRules;
use middleware::error_chain;
use tokio::time::timeout;

use super::{LIMIT, Row, late};
use crate::config::TokensConfig;
use crate::token_keys;

const SUBJECT: &str = "bearer tokens";
const FIX: &str = "see that AUTH_ISSUER and AUTH_JWKS_URL are what the issuer publishes, and that the network lets us through";

/// One row for each issuer.
pub(super) async fn rows(config: &TokensConfig, hosts: HostRules) -> Vec<Row> {
    let policy = match token_keys::policy(config, hosts) {
        Ok(Some(policy)) => policy,
        Ok(None) => return vec![Row::well(SUBJECT, "none (AUTH_ISSUER is not set)")],
        Err(error) => {
            return vec![Row::fault(
                SUBJECT,
                format!("AUTH_ISSUER: {}", error_chain(&error)),
                "install the certificates of authorities (ca-certificates)",
            )];
        }
    };
    let mut rows = Vec::new();
    for issuer in &policy.issuers {
        let name = &issuer.name;
        rows.push(match timeout(LIMIT, issuer.keys.fetch()).await {
            Ok(Ok(_)) => Row::well(SUBJECT, format!("{name} publishes its keys")),
            Ok(Err(error)) => {
                Row::fault(SUBJECT, format!("AUTH_ISSUER: {name}: {}", error_chain(error.as_ref())), FIX)
            }
            Err(_) => {
                let detail = format!("AUTH_ISSUER: {name}: {}", late());
                Row::fault(SUBJECT, detail, FIX)
            }
        });
    }
    rows
}
