//! Storing new versions of secrets for one write, so that each is used or removed whatever becomes of the process.
//!
//! A version is noted before it is stored. The note goes when the version is current, or removed; what a dead process leaves of
//! them is settled by whoever holds the lease (`secret_keeper`), a minute later. So a write must be over by then.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    SecretPath, SecretReference, SecretStoreError, SecretText, SecretWrite, StoreUnavailable, TenantId,
};
use futures::{StreamExt, stream};
use tokio::time::Instant;
use uuid::Uuid;

use crate::current_versions::make_current;
use crate::parts::Parts;
use crate::refusal::Refusal;

/// How long a new version belongs to whoever stores it.
const OURS_FOR: Duration = Duration::from_secs(60);
/// How long after it was noted a commit may begin. What is left is more than a commit may take.
const COMMIT_WITHIN: Duration = Duration::from_secs(40);
/// Versions that are stored at once.
const AT_ONCE: usize = 8;

/// What was stored for one write.
pub(crate) struct SecretWriting {
    parts: Parts,
    tenant: TenantId,
    notes: Vec<SecretWrite>,
    began: Instant,
}

impl SecretWriting {
    /// Stores these texts, each as a new version that nobody reads until the record refers to it: all of them, or none. The
    /// references are in the order of the texts.
    pub(crate) async fn store(
        parts: &Parts,
        tenant: &TenantId,
        texts: Vec<(SecretPath, SecretText)>,
    ) -> Result<(Self, Vec<SecretReference>), Refusal> {
        let began = Instant::now();
        let (paths, texts): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
        let references =
            paths.into_iter().map(|path| SecretReference { path, version: parts.secret_version() });
        let references: Vec<SecretReference> = references.collect();
        let notes = notes(parts, tenant, references.clone(), OURS_FOR);
        if !notes.is_empty() {
            parts.secret_writes.note_secret_writes(&notes).await?;
        }
        let this = Self { parts: parts.clone(), tenant: tenant.clone(), notes, began };
        // Every put is awaited: one that is dropped half-way might be stored after its version was removed.
        let texts: Vec<_> = references.iter().cloned().zip(texts).collect();
        let storing = stream::iter(texts).map(|(reference, text)| {
            let secrets = Arc::clone(&parts.secrets);
            async move { secrets.put(&reference, &text).await }
        });
        let stored = storing.buffered(AT_ONCE).collect().await;
        match this.undo_unless_all(stored).await {
            Ok(this) => Ok((this, references)),
            Err(error) => Err(error.into()),
        }
    }

    async fn undo_unless_all(
        mut self,
        stored: Vec<Result<(), SecretStoreError>>,
    ) -> Result<Self, SecretStoreError> {
        if stored.iter().all(Result::is_ok) {
            return Ok(self);
        }
        // What may be stored later than now is left to the one with the lease.
        let notes = std::mem::take(&mut self.notes).into_iter().zip(&stored);
        self.notes = notes.filter(|(_, stored)| stored.is_ok()).map(|(note, _)| note).collect();
        self.remove().await;
        let failed = stored.into_iter().find_map(Result::err);
        failed.map_or(Ok(self), Err)
    }

    /// Whether a commit may begin: later the versions are not ours any more.
    pub(crate) fn in_time(&self) -> Result<(), Refusal> {
        if self.began.elapsed() < COMMIT_WITHIN { Ok(()) } else { Err(Refusal::Contended) }
    }

    /// After a commit the versions become current; after a refusal they are removed, unless nobody knows what became of it.
    pub(crate) async fn settle<T>(self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        match &result {
            Ok(_) => self.make_current().await,
            Err(Refusal::Store(_)) => {}
            Err(_) => self.remove().await,
        }
        result
    }

    async fn make_current(&self) {
        if self.notes.is_empty() {
            return;
        }
        let paths: Vec<_> = self.notes.iter().map(|note| note.reference.path.clone()).collect();
        match make_current(&self.parts, &self.tenant, &paths).await {
            Ok(_referred) => forget(&self.parts, self.notes.iter().map(|note| note.id)).await,
            Err(refusal) => tracing::warn!(
                tenant = %self.tenant,
                error = &refusal as &dyn std::error::Error,
                "new versions of secrets are not current yet: it is tried again"
            ),
        }
    }

    async fn remove(&self) {
        let mut removed = Vec::new();
        for SecretWrite { id, reference, .. } in &self.notes {
            match self.parts.secrets.remove(reference).await {
                Ok(()) => removed.push(*id),
                Err(error) => tracing::warn!(
                    path = %reference.path,
                    error = &error as &dyn std::error::Error,
                    "an unused version of a secret is not removed yet: it is tried again"
                ),
            }
        }
        forget(&self.parts, removed).await;
    }
}

/// Notes versions that the record will not refer to any more, to be removed after `overlap`: before the commit, so that none is
/// forgotten. Answers with the ids of the notes.
pub(crate) async fn note_dropped(
    parts: &Parts,
    tenant: &TenantId,
    dropped: Vec<SecretReference>,
    overlap: Duration,
) -> Result<Vec<Uuid>, StoreUnavailable> {
    let notes = notes(parts, tenant, dropped, overlap);
    if !notes.is_empty() {
        parts.secret_writes.note_secret_writes(&notes).await?;
    }
    Ok(notes.iter().map(|note| note.id).collect())
}

/// Forgets notes that are settled. One that stays is settled once more, which changes nothing.
pub(crate) async fn forget(parts: &Parts, ids: impl IntoIterator<Item = Uuid>) {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return;
    }
    if let Err(error) = parts.secret_writes.forget_secret_writes(&ids).await {
        tracing::debug!(error = %error.source, "notes of versions of secrets stay for a while");
    }
}

fn notes(
    parts: &Parts,
    tenant: &TenantId,
    references: Vec<SecretReference>,
    due: Duration,
) -> Vec<SecretWrite> {
    let at = parts.now();
    let note = |reference| SecretWrite {
        id: parts.uuid(),
        reference,
        tenant: tenant.clone(),
        at,
        due: at.after(due),
    };
    references.into_iter().map(note).collect()
}
