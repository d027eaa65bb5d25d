//! Secrets in AWS Secrets Manager, as moto plays it: what is there is looked at past the service.

use std::net::SocketAddr;

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::shared_moto;

use super::plane::{PASSWORD, Plane, assert_refused, postgresql};

/// The server, past the service.
pub(crate) struct Moto {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Moto {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { client: crate::support::client_builder().build().unwrap(), address }
    }

    async fn ask(&self, operation: &str, body: Value) -> Option<Value> {
        let authorization = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-2/secretsmanager/aws4_request, \
                             SignedHeaders=host, Signature=00";
        let request = self
            .client
            .post(format!("http://{}/", self.address))
            .header("Authorization", authorization)
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", format!("secretsmanager.{operation}"));
        let answer = request.body(body.to_string()).send().await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        Some(serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// What readers get who ask for no version, and which it is. AWS takes them to mean this label; moto has to be told.
    pub(crate) async fn current(&self, path: &str) -> Option<(Value, String)> {
        let answer =
            self.ask("GetSecretValue", json!({ "SecretId": path, "VersionStage": "AWSCURRENT" })).await?;
        let body = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
        Some((body, answer["VersionId"].as_str().unwrap().to_owned()))
    }
}

#[tokio::test]
async fn what_is_given_with_a_module_lands_where_others_look_for_it() {
    let address = shared_moto().await;
    let (plane, moto) = (Plane::aws(address).await, Moto::at(address));
    let id = plane.associated("blue-bank", "ledger").await;
    let path = |leaf: &str| format!("tenants/staging/{id}/onboarding/{leaf}");
    let (body, first) = moto.current(&path("postgres")).await.unwrap();
    assert_eq!(body, postgresql());

    let module = format!("/v1/tenants/{id}/associations/ledger/modules/onboarding");
    let kafka = json!({ "brokers": ["k1:9096", "k2:9096"], "username": "onboarding_1", "password": PASSWORD,
        "mechanism": "SCRAM-SHA-512", "tls": true });
    let mongodb = json!({ "database": "bb", "uri": "mongodb://bb:hidden@doc-1.int/bb" });
    let mut other = postgresql();
    other["password"] = json!("another marked password");
    let put = json!({ "postgresql": other, "postgresqlReplica": other, "mongodb": mongodb, "kafka": kafka });
    assert_eq!(plane.put(&module, put).await.status, 200);
    let (body, second) = moto.current(&path("postgres")).await.unwrap();
    assert_ne!(first, second, "AWSCURRENT moved with the commit");
    assert_eq!(body, other);
    assert_eq!(moto.current(&path("postgres-ro")).await.unwrap().0, other);
    assert_eq!(moto.current(&path("mongodb")).await.unwrap().0, mongodb);
    let expected = json!({ "brokers": "k1:9096,k2:9096", "username": "onboarding_1", "password": PASSWORD,
        "mechanism": "SCRAM-SHA-512", "tls": true, "aclPrefixes": "ledger." });
    assert_eq!(moto.current(&path("kafka")).await.unwrap().0, expected);
    assert_eq!(moto.current(&path("rabbitmq")).await, None);

    let connections = plane.connections(&id, "ledger").await.body;
    let databases = &connections["databases"]["onboarding"];
    assert_eq!((&databases["postgresql"], &databases["mongodb"]), (&other, &mongodb));
    assert_eq!(connections["streaming"]["onboarding"]["kafka"], kafka);
    assert_eq!(plane.get("/readyz").await.body["checks"]["secrets"]["status"], "up");
}

#[tokio::test]
async fn a_refused_write_leaves_what_is_current_alone() {
    let address = shared_moto().await;
    let (plane, moto) = (Plane::aws(address).await, Moto::at(address));
    let id = plane.associated("blue-bank", "ledger").await;
    let path = format!("tenants/staging/{id}/onboarding/postgres");
    let before = moto.current(&path).await.unwrap();

    let mut other = postgresql();
    other["password"] = json!("refused");
    let association = format!("/v1/tenants/{id}/associations/ledger");
    let again = json!({ "modules": { "onboarding": { "postgresql": other } } });
    assert_refused(&plane.post(&association, again).await, 409);
    other["port"] = json!(0);
    let module = format!("{association}/modules/onboarding");
    assert_refused(&plane.put(&module, json!({ "postgresql": other })).await, 422);
    let rotation = json!({ "module": "onboarding", "resource": "postgresql", "password": "" });
    assert_refused(&plane.put(&format!("{association}/credentials/rotate"), rotation).await, 422);
    assert_eq!(moto.current(&path).await.unwrap(), before);
}

/// Of several who make one association one makes it, whose passwords are those that are current.
#[tokio::test]
async fn who_comes_too_late_leaves_what_is_current_alone() {
    let address = shared_moto().await;
    let (plane, moto) = (Plane::aws(address).await, Moto::at(address));
    plane.service("ledger").await;
    let id = plane.tenant("blue-bank").await;
    let association = format!("/v1/tenants/{id}/associations/ledger");
    let tries = (0..6).map(|number| {
        let mut given = postgresql();
        given["password"] = json!(format!("of number {number}"));
        let body = json!({ "modules": { "onboarding": { "postgresql": given } } });
        let (plane, association) = (&plane, &association);
        async move { (given["password"].clone(), plane.post(association, body).await.status.as_u16()) }
    });
    let answers = join_all(tries.collect::<Vec<_>>()).await;
    let made: Vec<_> = answers.iter().filter(|(_, status)| *status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(_, status)| matches!(status, 201 | 409)), "{answers:?}");
    let path = format!("tenants/staging/{id}/onboarding/postgres");
    assert_eq!(moto.current(&path).await.unwrap().0["password"], made[0].0);
    let connections = plane.connections(&id, "ledger").await.body;
    assert_eq!(connections["databases"]["onboarding"]["postgresql"]["password"], made[0].0);
}
