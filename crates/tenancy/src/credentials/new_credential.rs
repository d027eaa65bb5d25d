//! Writing a credential: its texts, and the record that refers to them.

use domain::{
    AuditAction, Credential, CredentialName, Invalid, SecretReference, SecretText, Tenant, Timestamp,
};
use serde_json::{Value, json};

use super::{CredentialPath, CredentialView, Credentials, M2mSecret};
use crate::refusal::{Conflict, Refusal};
use crate::secret_writing::SecretWriting;
use crate::writing::{Story, Writing};

/// What a write does where there is one already, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One that is there is a conflict.
    Create,
    /// It is made or replaced.
    Put,
    /// It has to be the one that was read.
    Rotate,
}

/// What is to be written.
pub(super) struct NewCredential<'a> {
    pub(super) path: &'a CredentialPath,
    pub(super) body: SecretText,
    pub(super) m2m: Option<M2mSecret>,
    pub(super) mode: Mode,
}

impl Credentials {
    /// Stores the text under each spelling of the tenant's id, and lets the record refer to it.
    pub(super) async fn write(
        &self,
        tenant: &Tenant,
        new: NewCredential<'_>,
        writing: Writing<'_, CredentialView>,
    ) -> Result<CredentialView, Refusal> {
        let NewCredential { path, body, m2m, mode } = new;
        let name = &path.name;
        let former = tenant.credentials.get(name).map(|it| it.secrets.clone());
        if mode == Mode::Create && former.is_some() {
            return Err(Conflict::CredentialExists(name.clone()).into());
        }
        let paths = name.secret_paths(tenant.environment, &tenant.id, &self.0.parts.credential_ids);
        let texts = paths.into_iter().map(|path| (path, body.clone())).collect();
        let (secrets, references) = SecretWriting::store(&self.0.parts, &tenant.id, texts).await?;
        let edit = |tenant: &mut Tenant, now: Timestamp| {
            secrets.in_time()?;
            let standing = tenant.credentials.get(name);
            check(tenant, name, mode, former.as_deref())?;
            let created_at = standing.map_or(now, |it| it.created_at);
            let credential = Credential { secrets: references.clone(), created_at, updated_at: now };
            let mut story = Story::of(action(mode, standing.is_some()), name.to_string());
            story.before = standing.map(facts);
            story.after = Some(facts(&credential));
            tenant.credentials.insert(name.clone(), credential);
            Ok(Some(story))
        };
        let outcome = |tenant: &Tenant| view(tenant, name, &references, m2m.as_ref());
        let edited = self.0.edit_tenant(&path.tenant, writing, edit, outcome).await;
        secrets.settle(edited).await
    }
}

fn check(
    tenant: &Tenant,
    name: &CredentialName,
    mode: Mode,
    former: Option<&[SecretReference]>,
) -> Result<(), Refusal> {
    let standing = tenant.credentials.get(name);
    match mode {
        Mode::Create if standing.is_some() => Err(Conflict::CredentialExists(name.clone()).into()),
        // Another client may stand there now.
        Mode::Rotate if standing.map(|it| it.secrets.as_slice()) != former => Err(Refusal::Contended),
        _ if standing.is_none() && tenant.credentials.len() >= Tenant::MAX_CREDENTIALS => {
            let problem = format_args!("a tenant has at most {} credentials", Tenant::MAX_CREDENTIALS);
            Err(Invalid::one("target", problem).into())
        }
        _ => Ok(()),
    }
}

fn action(mode: Mode, replaces: bool) -> AuditAction {
    match (mode, replaces) {
        (Mode::Rotate, _) => AuditAction::Rotate,
        (_, true) => AuditAction::Update,
        (_, false) => AuditAction::Create,
    }
}

/// After the edit the credential is there; were it not, this would show one with these secrets rather than panic.
fn view(
    tenant: &Tenant,
    name: &CredentialName,
    secrets: &[SecretReference],
    m2m: Option<&M2mSecret>,
) -> CredentialView {
    let credential = tenant.credentials.get(name).cloned().unwrap_or_else(|| Credential {
        secrets: secrets.to_vec(),
        created_at: tenant.updated_at,
        updated_at: tenant.updated_at,
    });
    CredentialView { name: name.clone(), credential, m2m: m2m.cloned() }
}

/// What the audit log shows: where the secret is.
pub(super) fn facts(credential: &Credential) -> Value {
    json!(credential)
}
