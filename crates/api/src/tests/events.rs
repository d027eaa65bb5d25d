use axum::body::Body;
use http::{Method, Request, StatusCode, header};

use crate::test_service::{Answer, TestService, WRITER};

async fn stream(service: &TestService, uri: &str) -> Answer {
    let request = Request::builder().method(Method::POST).uri(uri).header("X-API-Key", WRITER);
    let request = request.header(header::ACCEPT, "application/json;q=0.5, text/event-stream");
    service.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_deletion_tells_how_it_goes_and_ends() {
    let service = TestService::with_keys(&["tenant:acme:a", "tenant:acme:b"]).await;
    let answer = stream(&service, "/cache/pattern?pattern=tenant:*").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/event-stream");
    for progress in answer.text.split("\n\n").filter(|event| event.starts_with("event: progress")) {
        assert!(progress.contains("\"complete\":false"), "{progress}");
    }
    let last = answer.text.trim_end().rsplit("\n\n").next().unwrap();
    let (name, data) = last.split_once('\n').unwrap();
    assert_eq!(name, "event: done");
    let json: serde_json::Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((&json["deleted"], &json["complete"]), (&2.into(), &true.into()));
    assert!(!service.exists("tenant:acme:a").await);
}

#[tokio::test]
async fn what_is_refused_is_refused_before_the_stream() {
    let service = TestService::new();
    stream(&service, "/cache/pattern?pattern=*").await.error(StatusCode::BAD_REQUEST, "TM-0400");
}
