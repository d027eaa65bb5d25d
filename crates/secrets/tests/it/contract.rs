//! What every backend does alike.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Environment, ResourceKind, SecretPath, SecretReference, SecretStore, SecretStoreError, SecretText,
    SecretVersion,
};
use uuid::Uuid;

/// A backend, and a look behind the port.
pub(crate) struct Backend {
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) kept: Arc<dyn Kept>,
}

/// What a backend keeps.
#[async_trait]
pub(crate) trait Kept: Send + Sync {
    /// The version that readers get who ask for none.
    async fn current(&self, path: &SecretPath) -> Option<SecretVersion>;

    /// Whether it holds a version until it is told to remove it.
    async fn holds(&self, reference: &SecretReference) -> bool;
}

/// A version of a secret that no other test knows.
pub(crate) fn reference() -> SecretReference {
    let tenant = Uuid::new_v4().to_string().parse().unwrap();
    let module = "onboarding".parse().unwrap();
    let path = ResourceKind::Kafka.secret_path(Environment::Staging, &tenant, &module);
    SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) }
}

/// Another version of the same secret.
pub(crate) fn another(reference: &SecretReference) -> SecretReference {
    SecretReference { path: reference.path.clone(), version: SecretVersion::new(Uuid::new_v4()) }
}

pub(crate) fn text(text: &str) -> SecretText {
    SecretText::new(text)
}

async fn is_missing(backend: &Backend, reference: &SecretReference) -> bool {
    match backend.secrets.get(reference).await {
        Err(SecretStoreError::Missing { path }) => path == reference.path,
        _ => false,
    }
}

pub(crate) async fn each_version_is_read_by_its_own_name(backend: &Backend) {
    let (one, secrets) = (reference(), &backend.secrets);
    let two = another(&one);
    assert!(is_missing(backend, &one).await);
    secrets.put(&one, &text("first \"text\"\n\u{e9}\u{1f511}")).await.unwrap();
    assert!(is_missing(backend, &two).await);
    secrets.put(&two, &text("second text")).await.unwrap();
    assert_eq!(secrets.get(&one).await.unwrap(), text("first \"text\"\n\u{e9}\u{1f511}"));
    assert_eq!(secrets.get(&two).await.unwrap(), text("second text"));
}

pub(crate) async fn a_version_stays_as_it_was_first_given(backend: &Backend) {
    let (reference, secrets) = (reference(), &backend.secrets);
    for _ in 0..3 {
        secrets.put(&reference, &text("a text")).await.unwrap();
    }
    assert_eq!(secrets.get(&reference).await.unwrap(), text("a text"));
    // Whether the writer is told is left to the backend.
    let _told = secrets.put(&reference, &text("another text")).await;
    assert_eq!(secrets.get(&reference).await.unwrap(), text("a text"));
}

pub(crate) async fn a_version_is_current_when_it_is_made_so(backend: &Backend) {
    let (one, secrets, kept) = (reference(), &backend.secrets, &backend.kept);
    let (two, three) = (another(&one), another(&one));
    for reference in [&one, &two] {
        secrets.put(reference, &text("a text")).await.unwrap();
        assert_eq!(kept.current(&one.path).await, None, "storing a version made it current");
    }
    for reference in [&one, &one, &two, &two, &one, &two] {
        secrets.make_current(reference, &[]).await.unwrap();
        assert_eq!(kept.current(&one.path).await, Some(reference.version));
    }
    secrets.put(&three, &text("a later text")).await.unwrap();
    secrets.put(&one, &text("a text")).await.unwrap();
    assert_eq!(kept.current(&one.path).await, Some(two.version));
    for (reference, expected) in [(&one, "a text"), (&two, "a text"), (&three, "a later text")] {
        assert_eq!(secrets.get(reference).await.unwrap(), text(expected));
    }
}

pub(crate) async fn a_version_is_removed_alone(backend: &Backend) {
    let (one, secrets, kept) = (reference(), &backend.secrets, &backend.kept);
    let two = another(&one);
    secrets.remove(&one).await.unwrap();
    for reference in [&one, &two] {
        secrets.put(reference, &text("a text")).await.unwrap();
        assert!(kept.holds(reference).await);
    }
    for _ in 0..2 {
        secrets.remove(&one).await.unwrap();
        assert!(!kept.holds(&one).await && kept.holds(&two).await);
    }
    secrets.make_current(&two, &[]).await.unwrap();
    assert_eq!(secrets.get(&two).await.unwrap(), text("a text"));
}

pub(crate) async fn a_secret_comes_back_after_its_last_version_was_removed(backend: &Backend) {
    let (one, secrets, kept) = (reference(), &backend.secrets, &backend.kept);
    let two = another(&one);
    secrets.put(&one, &text("a text")).await.unwrap();
    secrets.make_current(&one, &[]).await.unwrap();
    for _ in 0..2 {
        secrets.remove(&one).await.unwrap();
        assert!(!kept.holds(&one).await && secrets.get(&one).await.is_err());
    }
    secrets.put(&two, &text("a new text")).await.unwrap();
    secrets.make_current(&two, &[]).await.unwrap();
    assert_eq!(kept.current(&one.path).await, Some(two.version));
    assert_eq!(secrets.get(&two).await.unwrap(), text("a new text"));
}

pub(crate) async fn of_many_writers_each_stores_its_version(backend: &Backend) {
    // AWS allows a secret 20 labels.
    let paths = [reference(), reference()];
    let references: Vec<_> = (0..32).map(|number| another(&paths[number % 2])).collect();
    let writers = references.iter().map(|reference| {
        let (secrets, reference) = (Arc::clone(&backend.secrets), reference.clone());
        tokio::spawn(async move { secrets.put(&reference, &text(&reference.version.to_string())).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    for reference in &references {
        let stored = backend.secrets.get(reference).await.unwrap();
        assert_eq!(stored, text(&reference.version.to_string()));
        assert_eq!(backend.kept.current(&reference.path).await, None);
    }
}

/// The whole contract as tests of one backend.
macro_rules! suites {
    ($open:ident: $($test:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                crate::contract::$test(&$open().await).await;
            }
        )*
    };
    ($open:ident) => {
        crate::contract::suites!($open:
            each_version_is_read_by_its_own_name,
            a_version_stays_as_it_was_first_given,
            a_version_is_current_when_it_is_made_so,
            a_version_is_removed_alone,
            a_secret_comes_back_after_its_last_version_was_removed,
            of_many_writers_each_stores_its_version,
        );
    };
}
pub(crate) use suites;
