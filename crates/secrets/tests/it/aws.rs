//! AWS Secrets Manager, as moto plays it, against the contract; and what is AWS's alone.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use domain::{SecretPath, SecretReference, SecretStore, SecretVersion};
use secrets::{AwsAccessKey, AwsConfig, AwsSecrets};
use testkit::shared_moto;

use crate::contract::{Backend, Kept, another, reference, suites, text};

pub(crate) fn config(address: SocketAddr) -> AwsConfig {
    AwsConfig {
        region: Some(String::from("us-east-2")),
        endpoint_url: Some(format!("http://{address}")),
        access_key: Some(AwsAccessKey {
            id: String::from("testing"),
            secret: text("testing"),
            session_token: None,
        }),
        ..AwsConfig::default()
    }
}

/// The backend at an address.
pub(crate) async fn secrets_at(address: SocketAddr) -> AwsSecrets {
    AwsSecrets::connect(config(address)).await.unwrap()
}

/// Moto, past the backend.
struct Moto(Client);

impl Moto {
    async fn new() -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", shared_moto().await))
            .region(Region::new("us-east-2"))
            .credentials_provider(Credentials::new("testing", "testing", None, None, "test"));
        Self(Client::from_conf(config.build()))
    }

    async fn described(&self, path: &SecretPath) -> DescribeSecretOutput {
        self.0.describe_secret().secret_id(path.as_str()).send().await.unwrap()
    }

    async fn versions_with(&self, path: &SecretPath, label: &str) -> Vec<String> {
        let versions = self.described(path).await.version_ids_to_stages.unwrap();
        let labelled = versions.into_iter().filter(|(_, labels)| labels.iter().any(|it| it == label));
        labelled.map(|(version, _)| version).collect()
    }

    async fn labels(&self, reference: &SecretReference) -> Vec<String> {
        let mut versions = self.described(&reference.path).await.version_ids_to_stages.unwrap();
        let mut labels = versions.remove(&reference.version.to_string()).unwrap_or_default();
        labels.sort();
        labels
    }

    async fn is_deleted(&self, path: &SecretPath) -> bool {
        self.described(path).await.deleted_date.is_some()
    }
}

#[async_trait]
impl Kept for Moto {
    async fn current(&self, path: &SecretPath) -> Option<SecretVersion> {
        let current = self.versions_with(path, "AWSCURRENT").await;
        assert_eq!(current.len(), 1, "AWS keeps one version current: {current:?}");
        // The placeholder's name is no UUID.
        current[0].parse().ok().map(SecretVersion::new)
    }

    async fn holds(&self, reference: &SecretReference) -> bool {
        let is_deleted = self.is_deleted(&reference.path).await;
        !is_deleted && self.labels(reference).await.contains(&format!("pm-{}", reference.version))
    }
}

async fn aws() -> Backend {
    let secrets = Arc::new(secrets_at(shared_moto().await).await);
    Backend { secrets, kept: Arc::new(Moto::new().await) }
}

suites!(aws);

#[tokio::test]
async fn others_read_the_current_version() {
    let (secrets, moto, one) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    let two = another(&one);
    let read = async || {
        let call = moto.0.get_secret_value().secret_id(one.path.as_str()).version_stage("AWSCURRENT");
        call.send().await.unwrap().secret_string.unwrap()
    };
    secrets.put(&one, &text("{\"password\":\"first\"}")).await.unwrap();
    assert_eq!(read().await, "{}", "before the commit there is nothing to read");
    secrets.make_current(&one, &[]).await.unwrap();
    assert_eq!(read().await, "{\"password\":\"first\"}");
    secrets.put(&two, &text("{\"password\":\"second\"}")).await.unwrap();
    assert_eq!(read().await, "{\"password\":\"first\"}");
    secrets.make_current(&two, &[]).await.unwrap();
    assert_eq!(read().await, "{\"password\":\"second\"}");
}

/// AWS refuses the twenty-first label of a secret.
#[tokio::test]
async fn labels_do_not_pile_up() {
    let (secrets, moto, first) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    let mut former = first.clone();
    for _ in 0..25 {
        let next = another(&first);
        secrets.put(&next, &text("a text")).await.unwrap();
        secrets.make_current(&next, &[]).await.unwrap();
        former = next;
    }
    let labels = moto.described(&first.path).await.version_ids_to_stages.unwrap();
    let count: usize = labels.values().map(Vec::len).sum();
    assert_eq!(count, 3, "AWSCURRENT, AWSPREVIOUS and the current one's own: {labels:?}");
    assert_eq!(moto.labels(&former).await, ["AWSCURRENT".to_owned(), format!("pm-{}", former.version)]);
}

/// Services of a tenant whose modules are called alike.
#[tokio::test]
async fn what_another_record_refers_to_keeps_its_label() {
    let (secrets, moto, one) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    let (two, former) = (another(&one), another(&one));
    for version in [&former, &one, &two] {
        secrets.put(version, &text("a text")).await.unwrap();
    }
    let referred = [one.clone(), two.clone()];
    for version in [&one, &two, &one] {
        secrets.make_current(version, &referred).await.unwrap();
        assert_eq!(moto.current(&one.path).await, Some(version.version));
    }
    for version in &referred {
        assert!(moto.labels(version).await.contains(&format!("pm-{}", version.version)), "{version:?}");
    }
    assert!(!moto.labels(&former).await.contains(&format!("pm-{}", former.version)));
}

/// Of two writers the one that stored first may commit last.
#[tokio::test]
async fn a_version_becomes_current_though_its_label_is_gone() {
    let (secrets, moto, one) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    let two = another(&one);
    secrets.put(&one, &text("stored first")).await.unwrap();
    secrets.put(&two, &text("stored second")).await.unwrap();
    secrets.make_current(&two, &[]).await.unwrap();
    assert_eq!(moto.labels(&one).await, Vec::<String>::new());
    assert_eq!(secrets.get(&one).await.unwrap(), text("stored first"));
    secrets.make_current(&one, &[]).await.unwrap();
    assert_eq!(moto.current(&one.path).await, Some(one.version));
    let never_stored = another(&one);
    assert!(secrets.make_current(&never_stored, &[]).await.is_err());
    assert_eq!(moto.current(&one.path).await, Some(one.version));
}

#[tokio::test]
async fn a_secret_of_which_nothing_is_left_is_deleted() {
    let (secrets, moto, refused) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    secrets.put(&refused, &text("a text")).await.unwrap();
    secrets.remove(&refused).await.unwrap();
    assert!(moto.is_deleted(&refused.path).await);

    let (one, two) = (reference(), reference());
    let two = SecretReference { path: one.path.clone(), ..two };
    for purged in [&one, &two] {
        secrets.put(purged, &text("a text")).await.unwrap();
        secrets.make_current(purged, &[]).await.unwrap();
    }
    secrets.remove(&one).await.unwrap();
    assert!(!moto.is_deleted(&one.path).await);
    secrets.remove(&two).await.unwrap();
    assert!(moto.is_deleted(&one.path).await);
}

#[tokio::test]
async fn a_secret_that_was_there_before_us_stays() {
    let (secrets, moto, refused) = (secrets_at(shared_moto().await).await, Moto::new().await, reference());
    let create = moto.0.create_secret().name(refused.path.as_str()).secret_string("a stranger's");
    create.send().await.unwrap();
    secrets.put(&refused, &text("a text")).await.unwrap();
    secrets.remove(&refused).await.unwrap();
    assert!(!moto.is_deleted(&refused.path).await);
    let read = moto.0.get_secret_value().secret_id(refused.path.as_str()).version_stage("AWSCURRENT");
    assert_eq!(read.send().await.unwrap().secret_string.unwrap(), "a stranger's");
}
