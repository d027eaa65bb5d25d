//! What the port asks for, made of calls. Each of them may be cut off anywhere, and does the rest when it is repeated.

use domain::{SecretPath, SecretReference, SecretText};

use super::calls::Calls;
use super::failure::{Cause, Failure};
use super::labels::{CURRENT, Labels, label};

/// How often to look again when others change the secret under our hands.
const ROUNDS: usize = 3;

impl Calls {
    /// Adds a version, making or restoring the secret first where it must be.
    pub(super) async fn store(&self, reference: &SecretReference, text: &SecretText) -> Result<(), Failure> {
        for _ in 1..ROUNDS {
            let Err(failure) = self.put(reference, text).await else { return Ok(()) };
            match failure.cause {
                Cause::NotFound => {
                    let created = self.create(&reference.path).await;
                    unless(created, &[Cause::Exists, Cause::State])?;
                }
                Cause::State => self.take_back(&reference.path).await?,
                _ => return Err(failure),
            }
        }
        self.put(reference, text).await
    }

    /// Makes a version current, and takes our labels off the others that nobody refers to.
    pub(super) async fn make_current(
        &self,
        reference: &SecretReference,
        referred: &[SecretReference],
    ) -> Result<(), Failure> {
        let mut further_rounds = 1..ROUNDS;
        loop {
            let labels = self.labels(&reference.path).await?;
            match self.move_current(reference, &labels).await {
                // Another version became current since we looked, or the secret was deleted.
                Err(Failure { cause: Cause::Parameter | Cause::State, .. })
                    if further_rounds.next().is_some() => {}
                moved => {
                    moved?;
                    return self.unlabel_others(reference, referred, &labels).await;
                }
            }
        }
    }

    async fn move_current(&self, reference: &SecretReference, labels: &Labels) -> Result<(), Failure> {
        let SecretReference { path, version } = reference;
        if labels.is_deleted {
            self.take_back(path).await?;
        }
        let (current, next) = (labels.current(), version.to_string());
        if current == Some(&next) {
            return Ok(());
        }
        if !labels.has(*version) {
            // It may have lost its label when another became current. When it is there it can be read.
            self.get(reference).await?;
        }
        self.move_label(path, CURRENT, current, Some(&next)).await
    }

    async fn unlabel_others(
        &self,
        reference: &SecretReference,
        referred: &[SecretReference],
        labels: &Labels,
    ) -> Result<(), Failure> {
        let needed = referred.iter().filter(|other| other.path == reference.path).chain([reference]);
        let needed: Vec<String> = needed.map(|reference| label(reference.version)).collect();
        for (version, label) in
            labels.ours().filter(|(_, label)| !needed.iter().any(|needed| needed == label))
        {
            let unlabelled = self.move_label(&reference.path, label, Some(version), None).await;
            unless(unlabelled, &[Cause::NotFound, Cause::Parameter])?;
        }
        Ok(())
    }

    /// Takes our label off a version, and deletes the secret when that leaves nothing of it.
    pub(super) async fn remove(&self, reference: &SecretReference) -> Result<(), Failure> {
        let SecretReference { path, version } = reference;
        let unlabelled = self.move_label(path, &label(*version), Some(&version.to_string()), None).await;
        unless(unlabelled, &[Cause::NotFound, Cause::Parameter, Cause::State])?;
        let labels = self.labels_if_any(path).await?;
        if labels.is_deleted || !labels.is_empty_without(*version) {
            return Ok(());
        }
        unless(self.delete(path).await, &[Cause::NotFound, Cause::State])?;
        // Who stored a version since we looked must find it.
        if self.labels_if_any(path).await?.ours().next().is_some() {
            self.take_back(path).await?;
        }
        Ok(())
    }

    async fn labels_if_any(&self, path: &SecretPath) -> Result<Labels, Failure> {
        match self.labels(path).await {
            Err(failure) if failure.cause == Cause::NotFound => Ok(Labels::default()),
            labels => labels,
        }
    }

    /// Restores a secret. Another may do so in the same moment, or it may be gone: the next call tells.
    async fn take_back(&self, path: &SecretPath) -> Result<(), Failure> {
        unless(self.restore(path).await, &[Cause::NotFound, Cause::State])
    }
}

/// The result, where a failure of one of these causes does no harm.
fn unless(result: Result<(), Failure>, harmless: &[Cause]) -> Result<(), Failure> {
    match result {
        Err(failure) if harmless.contains(&failure.cause) => Ok(()),
        result => result,
    }
}
