//! Which version of each secret is current: the one that readers get who name no version.

use domain::{SecretPath, SecretReference, Tenant, TenantId};

use crate::parts::Parts;
use crate::refusal::Refusal;

/// How often to look again when others change the record under our hands.
const ROUNDS: usize = 5;

/// Makes those versions current that the tenant's record refers to, of these paths, and answers with them. The record is read
/// once more afterwards: of several writes of one secret the last to look sees the last to commit, whoever is faster.
pub(crate) async fn make_current(
    parts: &Parts,
    tenant: &TenantId,
    paths: &[SecretPath],
) -> Result<Vec<SecretReference>, Refusal> {
    let mut current: Vec<SecretReference> = Vec::new();
    for _ in 0..ROUNDS {
        let tenant = parts.tenants.tenant(tenant).await?;
        let referred = tenant.iter().flat_map(Tenant::secrets).filter(|secret| paths.contains(&secret.path));
        let referred: Vec<SecretReference> = referred.cloned().collect();
        if referred == current {
            return Ok(referred);
        }
        for secret in referred.iter().filter(|secret| !current.contains(secret)) {
            parts.secrets.make_current(secret, &referred).await?;
        }
        current = referred;
    }
    Err(Refusal::Contended)
}
