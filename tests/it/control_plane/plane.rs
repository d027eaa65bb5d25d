//! A service with some records in it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Service, answer};

/// A service, and shorthands for what tests do with it.
pub(crate) struct Plane {
    pub(crate) service: Service,
}

/// Secrets in AWS Secrets Manager behind this endpoint.
pub(crate) fn aws_variables(endpoint: &str) -> [(&str, &str); 5] {
    [
        ("SECRETS_BACKEND", "aws"),
        ("AWS_REGION", "us-east-2"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
    ]
}

impl Plane {
    /// On the embedded store and the embedded cache.
    pub(crate) async fn embedded() -> Self {
        Self { service: Service::start(&[("AGGRESSIVE_RATE_LIMIT_MAX", "100000")]).await }
    }

    /// On MongoDB and the embedded cache.
    pub(crate) async fn mongo() -> Self {
        let uri = format!("mongodb://{}/", testkit::shared_mongo().await);
        let variables = [
            ("AGGRESSIVE_RATE_LIMIT_MAX", "100000"),
            ("MONGO_URI", &uri),
            ("MONGO_NAME", &testkit::unique_prefix()),
        ];
        let service = Service::start(&variables).await;
        service.wait_until_ready().await;
        Self { service }
    }

    /// On the embedded store, with the secrets in AWS, or what stands in for it.
    pub(crate) async fn aws(address: std::net::SocketAddr) -> Self {
        let endpoint = format!("http://{address}");
        let variables = [&[("AGGRESSIVE_RATE_LIMIT_MAX", "100000")], &aws_variables(&endpoint)[..]].concat();
        Self { service: Service::start(&variables).await }
    }

    /// A request of the operator.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.service.request(method, path);
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.service.get(path).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.service.delete(path).await
    }

    /// A read with the key of a service.
    pub(crate) async fn get_as(&self, key: &str, path: &str) -> Answer {
        answer(self.service.bare_request(Method::GET, path).header("X-API-Key", key)).await
    }

    /// Makes a tenant of staging and answers with its id.
    pub(crate) async fn tenant(&self, slug: &str) -> String {
        self.tenant_in(slug, "staging").await
    }

    pub(crate) async fn tenant_in(&self, slug: &str, environment: &str) -> String {
        let made = self.post("/v1/tenants", new_tenant(slug, environment)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["id"].as_str().unwrap().to_owned()
    }

    /// Registers a service with one module that may have everything.
    pub(crate) async fn service(&self, name: &str) {
        let kinds = ["postgresql", "postgresqlReplica", "mongodb", "rabbitmq", "kafka"];
        let body = json!({ "name": name, "modules": [{ "name": "onboarding", "resources": kinds }] });
        let made = self.post("/v1/services", body).await;
        assert!(made.status.is_success(), "{made:?}");
    }

    /// A tenant with an active association that has a database.
    pub(crate) async fn associated(&self, slug: &str, service: &str) -> String {
        self.service(service).await;
        let id = self.tenant(slug).await;
        let body = json!({ "modules": { "onboarding": { "postgresql": postgresql() } } });
        let made = self.post(&format!("/v1/tenants/{id}/associations/{service}"), body).await;
        assert_eq!(made.status, 201, "{made:?}");
        id
    }

    /// A key of a service, its text and its id.
    pub(crate) async fn key(&self, service: &str, body: Value) -> (String, String) {
        let made = self.post(&format!("/v1/services/{service}/api-keys"), body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        (text("key"), text("id"))
    }

    /// A key of no service, its text and its id.
    pub(crate) async fn operator_key(&self, body: Value) -> (String, String) {
        let made = self.post("/v1/api-keys", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        (text("key"), text("id"))
    }

    /// A request with any key.
    pub(crate) async fn ask_as(&self, key: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = self.service.bare_request(method, path).header("X-API-Key", key);
        answer(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// The connections as the operator reads them.
    pub(crate) async fn connections(&self, id: &str, service: &str) -> Answer {
        self.get(&format!("/v1/tenants/{id}/associations/{service}/connections")).await
    }

    /// The ids that a service has to serve.
    pub(crate) async fn active(&self, service: &str) -> Vec<String> {
        let list = self.get(&format!("/v1/tenants/active?service={service}")).await;
        assert_eq!(list.status, 200, "{list:?}");
        let list = list.body.as_array().expect("a bare array").clone();
        list.iter().map(|tenant| tenant["id"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn new_tenant(slug: &str, environment: &str) -> Value {
    json!({
        "name": slug.replace('-', " "),
        "slug": slug,
        "environment": environment,
        "isolation": "dedicated",
        "metadata": { "origin": "self-serve" },
        "owner": { "email": "ana@example.com", "emailVerified": true },
    })
}

pub(crate) const PASSWORD: &str = "a marked password";

pub(crate) fn postgresql() -> Value {
    json!({
        "host": "pg-1.int", "port": 5432, "database": "bb_onb", "username": "bb", "password": PASSWORD,
        "sslmode": "require",
    })
}

/// What every failure looks like.
pub(crate) fn assert_failure(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.content_type, "application/json", "{answer:?}");
    assert!(answer.body["code"].is_string() && answer.body["title"].is_string(), "{answer:?}");
    assert_eq!(answer.body["message"], answer.body["error"], "{answer:?}");
}

/// A failure that clients do not take for a suspension.
pub(crate) fn assert_refused(answer: &Answer, status: u16) {
    assert_failure(answer, status);
    assert!(answer.body.get("status").is_none(), "{answer:?}");
}

/// A failure that clients take for one.
pub(crate) fn assert_kept_out(answer: &Answer, status: &str, service: &str) {
    assert_failure(answer, 403);
    assert_eq!(answer.body["code"], "TS-SUSPENDED");
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["error"].as_str().unwrap().contains(service), "{answer:?}");
}

/// The fields at fault.
pub(crate) fn fields(answer: &Answer) -> Vec<String> {
    assert_refused(answer, 422);
    let errors = answer.body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}
