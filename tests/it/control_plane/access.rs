//! Who gets in where: every route with every kind of credential, as one table.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::{Clock, ManualClock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{TokenIssuer, TokenKey};

use super::document::{Document, Operation};
use super::plane::Plane;
use crate::support::{Service, answer};

/// What the table of the last run is compared with.
const DOCUMENTED: &str = include_str!("../../../docs/ACCESS.md");

const HEAD: &str = "\
# Who gets in where

Made by a test, which sends a request with each credential to every route of a running service: do not edit. `in` is any
answer but 401 and 403. A route without a permission is open to everybody.

A *service key* is a key without scopes; *own* means of the service that is asked about. *Weak* has every permission but the one that
is needed, *enough* has only that one; *one tenant* is bound to another tenant than the one in the path, which then is not there (404). To withdraw or replace a key takes, besides, what the key may do itself.

";

/// How a caller shows who it is.
enum Credential {
    None,
    Key(String),
    Token(String),
}

/// A kind of credential, and what it is for a route that needs a permission.
struct Column {
    name: &'static str,
    credential: Box<dyn Fn(&str) -> Credential>,
}

#[tokio::test]
async fn every_route_with_every_credential() {
    let issuer = TokenIssuer::start().await;
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let variables =
        [("AUTH_ISSUER", issuer.url()), ("RATE_LIMIT_ENABLED", "false"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let plane = Plane { service: Service::start_at(clock.clone() as Arc<dyn Clock>, &variables).await };
    let document = Document::read();
    let operations = document.operations();
    let mut permissions: Vec<&str> = operations.iter().filter_map(permission).collect();
    permissions.sort_unstable();
    permissions.dedup();
    let columns = columns(&plane, issuer, &permissions, &clock).await;

    let mut table = HEAD.to_owned();
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    writeln!(table, "| Route | Permission | {} |", names.join(" | ")).unwrap();
    writeln!(table, "|---|---|{}", "---|".repeat(names.len())).unwrap();
    for operation in &operations {
        let needed = permission(operation);
        let path = path(operation);
        let mut cells = Vec::new();
        for column in &columns {
            let credential = (column.credential)(needed.unwrap_or_default());
            let status = status(&plane.service, &operation.method, &path, credential).await;
            if needed.is_none() {
                assert!(status < 400, "{} {path} is open, and answers {status}", operation.method);
            }
            cells.push(if matches!(status, 401 | 403) { status.to_string() } else { "in".to_owned() });
        }
        let needed =
            needed.map_or("-".to_owned(), |needed| format!("`{}`", needed.replace("backoffice:tm:", "")));
        writeln!(table, "| {} `{}` | {needed} | {} |", operation.method, operation.path, cells.join(" | "))
            .unwrap();
    }
    if table != DOCUMENTED {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ACCESS.md");
        std::fs::write(&path, &table).unwrap();
        panic!("docs/ACCESS.md is not what was found; if that is meant, copy {}", path.display());
    }
}

/// A route that needs a caller needs a permission, and lets in whoever has only that.
#[tokio::test]
async fn every_route_declares_what_it_needs() {
    let document = Document::read();
    let open = ["/health", "/health/live", "/health/ready", "/readyz", "/version"];
    for operation in document.operations() {
        let place = format!("{} {}", operation.method, operation.path);
        if open.contains(&operation.path) {
            assert!(operation.text["security"].is_null(), "{place}");
            continue;
        }
        let needed = permission(&operation).unwrap_or_else(|| panic!("{place} declares no permission"));
        assert!(needed.parse::<domain::Scope>().is_ok(), "{place} needs {needed}");
        let security = operation.text["security"].as_array().unwrap();
        let expected = json!([{ "apiKey": [needed] }, { "bearerToken": [needed] }]);
        assert_eq!(*security, *expected.as_array().unwrap(), "{place}");
        // Who changes something needs to be permitted to.
        let is_read = matches!(operation.method, Method::GET | Method::HEAD);
        assert_eq!(needed.ends_with(":read"), is_read, "{place} needs {needed}");
    }
}

async fn columns(
    plane: &Plane,
    issuer: TokenIssuer,
    permissions: &[&str],
    clock: &ManualClock,
) -> Vec<Column> {
    let tenant = plane.associated("blue-bank", "ledger").await;
    plane.service("tracer").await;
    let soon: domain::Timestamp = (clock.now() + Duration::from_secs(60)).into();
    let everything = json!(["backoffice:tm:*:read", "backoffice:tm:*:write"]);
    let lasting = json!({ "name": "strong", "scopes": everything });
    let expiring = json!({ "name": "strong", "scopes": everything, "expiresAt": soon.to_string() });
    let (expired, _) = plane.key("ledger", expiring).await;
    let (revoked, id) = plane.key("ledger", lasting).await;
    assert_eq!(plane.delete(&format!("/v1/services/ledger/api-keys/{id}")).await.status, 200);
    let (own, _) = plane.key("ledger", json!({ "name": "own" })).await;
    let (other, _) = plane.key("tracer", json!({ "name": "other" })).await;
    let mut weak = std::collections::HashMap::new();
    let mut enough = std::collections::HashMap::new();
    let mut of_tenant = std::collections::HashMap::new();
    for needed in permissions {
        let others: Vec<_> = permissions.iter().filter(|it| *it != needed).collect();
        let (key, _) = plane.key("tracer", json!({ "name": "weak", "scopes": others })).await;
        weak.insert((*needed).to_owned(), key);
        let (key, _) = plane.key("tracer", json!({ "name": "enough", "scopes": [needed] })).await;
        enough.insert((*needed).to_owned(), key);
        let wish = json!({ "name": "of one tenant", "scopes": [needed], "tenantId": tenant });
        of_tenant.insert((*needed).to_owned(), plane.operator_key(wish).await.0);
    }
    clock.advance(Duration::from_secs(120));

    let all: Vec<_> = permissions.to_vec();
    let stranger = TokenKey::generate("EdDSA", testkit::TokenAlgorithm::EdDsa);
    let forged = stranger.token(&issuer.claims("user_1", &all));
    let mut claims = issuer.claims("user_1", &all);
    claims["exp"] = json!(1_000);
    let expired_token = issuer.sign(&claims);
    claims = issuer.claims("user_1", &all);
    claims["aud"] = json!("another");
    let other_audience = issuer.sign(&claims);
    let issuer = Arc::new(issuer);
    let weak_tokens = {
        let (issuer, all) = (Arc::clone(&issuer), all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        move |needed: &str| {
            let others: Vec<_> = all.iter().map(String::as_str).filter(|it| *it != needed).collect();
            Credential::Token(issuer.token("user_1", &others))
        }
    };
    let fixed_key = |text: &str| {
        let text = text.to_owned();
        move |_: &str| Credential::Key(text.clone())
    };
    let fixed_token = |text: &str| {
        let text = text.to_owned();
        move |_: &str| Credential::Token(text.clone())
    };
    let by_need = |keys: std::collections::HashMap<String, String>| {
        move |needed: &str| keys.get(needed).map_or(Credential::None, |key| Credential::Key(key.clone()))
    };
    vec![
        column("nothing", |_| Credential::None),
        column("malformed key", fixed_key("pm_staging_000000000000_mistyped")),
        column("unknown key", fixed_key("a key that nobody made")),
        column("expired key", fixed_key(&expired)),
        column("revoked key", fixed_key(&revoked)),
        column("service key", fixed_key(&other)),
        column("own service key", fixed_key(&own)),
        column("weak key", by_need(weak)),
        column("key enough", by_need(enough)),
        column("enough, one tenant", by_need(of_tenant)),
        column("malformed token", fixed_token("eyJhbGciOiJub25lIn0.e30.")),
        column("forged token", fixed_token(&forged)),
        column("expired token", fixed_token(&expired_token)),
        column("token for others", fixed_token(&other_audience)),
        column("weak token", weak_tokens),
        column("token enough", move |needed| Credential::Token(issuer.token("user_1", &[needed]))),
    ]
}

fn column(name: &'static str, credential: impl Fn(&str) -> Credential + 'static) -> Column {
    Column { name, credential: Box::new(credential) }
}

/// The permission that an operation declares.
fn permission<'a>(operation: &Operation<'a>) -> Option<&'a str> {
    operation.text["security"][0]["apiKey"][0].as_str()
}

/// A path with names that make sense, and with what the operation demands in the query.
fn path(operation: &Operation<'_>) -> String {
    let tenant = "0f0f0f0f0f0f4f0f8f0f0f0f0f0f0f0f";
    let named = operation.path.replace("{tenantId}", tenant).replace("{service}", "ledger");
    let path = named.split('/').map(|part| if part.starts_with('{') { "nothing" } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    let parameters = operation.text["parameters"].as_array().cloned().unwrap_or_default();
    let is_needed = |it: &Value| it["in"] == "query" && it["name"] == "service";
    if parameters.iter().any(is_needed) { format!("{path}?service=ledger") } else { path }
}

async fn status(service: &Service, method: &Method, path: &str, credential: Credential) -> u16 {
    let request = service.bare_request(method.clone(), path);
    let request = match credential {
        Credential::None => request,
        Credential::Key(key) => request.header("X-API-Key", key),
        Credential::Token(token) => request.header("Authorization", format!("Bearer {token}")),
    };
    // Who tries out credentials is slowed down: each request here comes from elsewhere.
    static ADDRESS: AtomicU32 = AtomicU32::new(0x0a00_0001);
    let address = Ipv4Addr::from_bits(ADDRESS.fetch_add(1, Ordering::Relaxed));
    let answer = answer(request.header("X-Forwarded-For", address.to_string())).await;
    assert_ne!(answer.status, 429, "{method} {path}: {answer:?}");
    if matches!(answer.status.as_u16(), 401 | 403) {
        super::plane::assert_refused(&answer, answer.status.as_u16());
    }
    assert!(answer.status.as_u16() < 500, "{method} {path}: {answer:?}");
    answer.status.as_u16()
}
