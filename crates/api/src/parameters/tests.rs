use axum::body::Body;
use http::{HeaderMap, Method, header};
use proptest::prelude::*;

use super::*;
use crate::error::BodyProblem;

async fn parameters(
    method: Method,
    uri: &str,
    media_type: Option<&str>,
    body: &str,
) -> Result<Parameters, ApiError> {
    let mut request = Request::builder().method(method).uri(uri);
    if let Some(media_type) = media_type {
        request = request.header(header::CONTENT_TYPE, media_type);
    }
    Parameters::from_request(request.body(Body::from(body.to_owned())).unwrap(), &()).await
}

async fn query(text: &str) -> Parameters {
    parameters(Method::GET, &format!("/?{text}"), None, "").await.unwrap()
}

async fn body(text: &str) -> Parameters {
    parameters(Method::DELETE, "/", Some("application/json; charset=utf-8"), text).await.unwrap()
}

#[tokio::test]
async fn a_query_is_read_as_browsers_write_it() {
    let given = query("pattern=rate+limit%3A*&cursor=&x").await;
    assert_eq!(given.text("pattern").unwrap().as_deref(), Some("rate limit:*"));
    assert_eq!(given.text("cursor").unwrap(), None);
    assert_eq!(query("key=a%FFb").await.key().unwrap().as_deref(), Some(&b"a\xffb"[..]));
    assert!(query("pattern=%FF").await.text("pattern").is_err());
    assert!(query("pattern=a&pattern=b").await.text("pattern").is_err());
}

#[tokio::test]
async fn the_query_wins_over_the_body() {
    let given =
        parameters(Method::POST, "/?pattern=q", None, r#"{"pattern":"b","dry_run":true}"#).await.unwrap();
    assert_eq!(given.text("pattern").unwrap().as_deref(), Some("q"));
    assert!(given.flag("dryRun").unwrap());
    let given = parameters(Method::GET, "/?limit=5", None, r#"{"pattern":"b","limit":7}"#).await.unwrap();
    assert_eq!((given.text("pattern").unwrap().as_deref(), given.limit().unwrap()), (Some("b"), 5));
}

#[tokio::test]
async fn names_are_matched_however_they_are_written() {
    for text in ["dryRun=true", "dryrun=1", "dry_run=yes", "Dry-Run=true"] {
        assert!(query(text).await.flag("dryRun").unwrap(), "{text}");
    }
    assert!(!query("dryRun=false").await.flag("dryRun").unwrap());
    assert!(query("dryRun=maybe").await.flag("dryRun").is_err());
}

#[tokio::test]
async fn an_empty_restriction_is_refused_and_an_absent_one_is_none() {
    assert!(query("tenantId=").await.restriction("tenantId", "x").is_err());
    assert!(body(r#"{"tenantId":""}"#).await.restriction("tenantId", "x").is_err());
    assert!(body(r#"{"tenantId":null}"#).await.restriction("tenantId", "x").is_err());
    assert_eq!(body("{}").await.restriction("tenantId", "x").unwrap(), None);
    for text in ["dryRun", "dry_run=", "dryRun=&dryRun=true"] {
        assert!(query(text).await.dry_run().is_err(), "{text}");
    }
    assert!(body(r#"{"dryRun":null}"#).await.dry_run().is_err());
    assert!(!query("").await.dry_run().unwrap());
}

#[tokio::test]
async fn a_field_is_given_once_however_it_is_written() {
    for text in [
        r#"{"dryRun":true,"dry_run":false}"#,
        r#"{"dryRun":true,"dryRun":true}"#,
        r#" {"Dry-Run":null,"dryrun":true}"#,
    ] {
        let error = parameters(Method::POST, "/", None, text).await.unwrap_err();
        assert_eq!(error.to_string(), "dryrun: must be given only once in the body", "{text}");
    }
    let long = "x".repeat(10_000);
    let error =
        parameters(Method::POST, "/", None, &format!(r#"{{"{long}":1,"{long}":2}}"#)).await.unwrap_err();
    assert!(error.to_string().len() < 200);
    assert!(parameters(Method::POST, "/", None, r#"{"a":{"b":1,"b":2}} x"#).await.is_err());
}

#[tokio::test]
async fn limits_follow_the_rule_of_the_platform() {
    let cases =
        [("", 20), ("limit=0", 20), ("limit=-5", 20), ("count=7", 7), ("limit=201", 200), ("limit=1", 1)];
    for (text, expected) in cases {
        assert_eq!(query(text).await.limit().unwrap(), expected, "{text}");
    }
    assert_eq!(query("limit=99999999999999999999999").await.limit().unwrap(), 200);
    for text in ["limit=ten", "limit=1.5", "count=-", "limit=1e3"] {
        assert!(query(text).await.limit().is_err(), "{text}");
    }
}

#[tokio::test]
async fn keys_come_one_by_one_and_in_lists() {
    assert_eq!(body(r#"{"keys":["a","b"],"key":"c"}"#).await.keys().unwrap(), ["c", "a", "b"]);
    assert_eq!(query("key=a&key=b&keyBase64=/w%3D%3D").await.keys().unwrap(), [&b"a"[..], b"b", b"\xff"]);
    assert!(query("key=a&key=b").await.key().is_err());
    assert!(query("keyBase64=%25").await.keys().is_err());
    assert!(body(r#"{"keys":"a"}"#).await.keys().is_err());
    assert!(body(r#"{"keys":[1]}"#).await.keys().is_err());
    assert!(body(r#"{}"#).await.keys().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_is_looked_at_only_when_there_is_one() {
    let json = Some("application/json");
    assert!(parameters(Method::DELETE, "/", json, "").await.is_ok());
    assert!(parameters(Method::GET, "/", json, "").await.is_ok());
    assert!(parameters(Method::GET, "/", json, "{no json").await.is_err());
    assert!(parameters(Method::POST, "/", Some("text/plain"), "\r\n").await.is_ok());
    assert!(parameters(Method::POST, "/", Some("application/merge-patch+json"), "{}").await.is_ok());
    let error = parameters(Method::POST, "/", Some("text/plain"), "x").await.unwrap_err();
    assert!(matches!(error, ApiError::UnsupportedMediaType));
    let error = parameters(Method::POST, "/", json, "{\"a\":}").await.unwrap_err();
    assert!(matches!(error, ApiError::Body(BodyProblem::Malformed { line: 1, .. })));
    let error = parameters(Method::POST, "/", json, "[1]").await.unwrap_err();
    assert!(matches!(error, ApiError::Body(BodyProblem::NotAnObject)));
}

/// Everything that routes ask of parameters; whether it is there or refused does not matter.
fn look_at_all(given: &Parameters) {
    for name in ["pattern", "cursor", "service", "dryRun", "all"] {
        let _ = given.text(name);
        let _ = given.flag(name);
        let _ = given.is_given(name);
        let _ = given.restriction(name, "x");
    }
    let _ = given.dry_run();
    let _ = given.key();
}

proptest! {
    #[test]
    fn any_query_is_read_or_refused(any in any::<String>(), near in "([kK_-]?(ey|eyBase64|eys|limit|all)=[0-9A-Za-z%+=-]{0,9}&?){0,6}") {
        for query in [any, near] {
            let given = Parameters::of_query(Some(&query));
            look_at_all(&given);
            prop_assert!(given.limit().map_or(true, |limit| (1..=MAX_LIMIT).contains(&limit)));
            prop_assert!(given.keys().map_or(0, |keys| keys.len()) <= MAX_KEYS);
        }
    }

    #[test]
    fn a_value_is_read_as_it_was_encoded(value in "\\PC{1,60}") {
        let encoded = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
        let given = Parameters::of_query(Some(&format!("pattern={encoded}")));
        let read = given.text("pattern").unwrap();
        prop_assert_eq!(read.as_deref(), Some(value.as_str()));
    }

    #[test]
    fn any_bytes_are_a_body_or_refused(any: Vec<u8>, near in r#"[{] ?("[kaK_-]{1,3}":("x"|1|null|[{]|\[),?){0,4}[}]?"#) {
        for body in [any.as_slice(), near.as_bytes()] {
            if let Ok(body) = parse_body(&HeaderMap::new(), body) {
                look_at_all(&Parameters { query: Vec::new(), body });
            }
        }
    }
}
