//! Secrets as sealed rows.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    BoxError, SealedRow, SealedRows, SecretReference, SecretStore, SecretStoreError, SecretText,
    StoreUnavailable,
};
use seal::KeyRing;

/// Keeps secrets in the record store, each version sealed for its own place: who can write to the store can neither read one
/// nor put one in the place of another.
#[derive(Clone)]
pub struct EmbeddedSecrets {
    rows: Arc<dyn SealedRows>,
    ring: KeyRing,
}

impl EmbeddedSecrets {
    /// In these rows, sealed with the first key of `ring`.
    pub fn new(rows: Arc<dyn SealedRows>, ring: KeyRing) -> Self {
        Self { rows, ring }
    }
}

/// What a row is sealed for.
fn place(reference: &SecretReference) -> Vec<u8> {
    format!("secret:{}\n{}", reference.path, reference.version).into_bytes()
}

fn unavailable(error: StoreUnavailable) -> SecretStoreError {
    SecretStoreError::Unavailable(error.source)
}

#[async_trait]
impl SecretStore for EmbeddedSecrets {
    async fn put(&self, reference: &SecretReference, text: &SecretText) -> Result<(), SecretStoreError> {
        let sealed = self.ring.seal(text.expose().as_bytes(), &place(reference));
        let sealed = sealed.map_err(|error| SecretStoreError::Unavailable(error.into()))?;
        let row = SealedRow { reference: reference.clone(), sealed };
        self.rows.put_row(&row).await.map_err(unavailable)
    }

    async fn get(&self, reference: &SecretReference) -> Result<SecretText, SecretStoreError> {
        let row = self.rows.row(reference).await.map_err(unavailable)?;
        let row = row.ok_or_else(|| SecretStoreError::Missing { path: reference.path.clone() })?;
        let unreadable =
            |source: BoxError| SecretStoreError::Unreadable { path: reference.path.clone(), source };
        let opened = self.ring.open(&row.sealed, &place(reference)).map_err(|it| unreadable(it.into()))?;
        let text = std::str::from_utf8(&opened).map_err(|it| unreadable(it.into()))?;
        Ok(SecretText::new(text))
    }

    async fn make_current(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.rows.make_row_current(reference).await.map_err(unavailable)
    }

    async fn remove(&self, reference: &SecretReference) -> Result<(), SecretStoreError> {
        self.rows.remove_row(reference).await.map_err(unavailable)
    }
}

impl fmt::Debug for EmbeddedSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EmbeddedSecrets").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use domain::{Environment, ResourceKind, SecretVersion};
    use seal::SealingKey;
    use uuid::Uuid;

    use super::*;

    /// Rows in memory.
    #[derive(Default)]
    struct Rows(Mutex<HashMap<SecretReference, Vec<u8>>>);

    #[async_trait]
    impl SealedRows for Rows {
        async fn put_row(&self, row: &SealedRow) -> Result<(), StoreUnavailable> {
            self.0.lock().unwrap().entry(row.reference.clone()).or_insert_with(|| row.sealed.clone());
            Ok(())
        }

        async fn row(&self, reference: &SecretReference) -> Result<Option<SealedRow>, StoreUnavailable> {
            let sealed = self.0.lock().unwrap().get(reference).cloned();
            Ok(sealed.map(|sealed| SealedRow { reference: reference.clone(), sealed }))
        }

        async fn make_row_current(&self, _reference: &SecretReference) -> Result<(), StoreUnavailable> {
            Ok(())
        }

        async fn remove_row(&self, reference: &SecretReference) -> Result<(), StoreUnavailable> {
            self.0.lock().unwrap().remove(reference);
            Ok(())
        }
    }

    fn reference(module: &str) -> SecretReference {
        let path = ResourceKind::Mongodb.secret_path(
            Environment::Staging,
            &"acme".parse().unwrap(),
            &module.parse().unwrap(),
        );
        SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) }
    }

    fn ring(byte: u8) -> KeyRing {
        KeyRing::new(SealingKey::from_bytes([byte; 32]), [])
    }

    #[tokio::test]
    async fn a_secret_comes_back_and_is_nowhere_in_the_clear() {
        let rows = Arc::new(Rows::default());
        let secrets = EmbeddedSecrets::new(rows.clone(), ring(1));
        let reference = reference("onboarding");
        let missing = secrets.get(&reference).await;
        assert!(matches!(missing, Err(SecretStoreError::Missing { .. })), "{missing:?}");
        secrets.put(&reference, &SecretText::new("marked-secret")).await.unwrap();
        secrets.make_current(&reference).await.unwrap();
        assert_eq!(secrets.get(&reference).await.unwrap().expose(), "marked-secret");
        let stored = rows.0.lock().unwrap()[&reference].clone();
        assert!(!stored.windows(6).any(|window| window == b"marked"));
        secrets.remove(&reference).await.unwrap();
        assert!(secrets.get(&reference).await.is_err());
    }

    #[tokio::test]
    async fn a_row_opens_in_its_own_place_and_with_its_own_key_only() {
        let rows = Arc::new(Rows::default());
        let secrets = EmbeddedSecrets::new(rows.clone(), ring(1));
        let (one, other) = (reference("a"), reference("b"));
        secrets.put(&one, &SecretText::new("marked-secret")).await.unwrap();
        let sealed = rows.0.lock().unwrap()[&one].clone();
        rows.0.lock().unwrap().insert(other.clone(), sealed);
        let strangers = EmbeddedSecrets::new(rows, ring(2));
        for unreadable in [secrets.get(&other).await, strangers.get(&one).await] {
            assert!(matches!(unreadable, Err(SecretStoreError::Unreadable { .. })), "{unreadable:?}");
        }
    }
}
