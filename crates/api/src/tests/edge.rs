use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};

use crate::Limits;
use crate::layers::{FailureLog, PanicLayer, RequestLimitsLayer};
use crate::test_service::{Answer, TestService, WRITER};

fn request(method: Method, uri: &str) -> http::request::Builder {
    Request::builder().method(method).uri(uri).header("X-API-Key", WRITER)
}

#[tokio::test]
async fn unknown_routes_and_methods_are_json() {
    let service = TestService::new();
    for uri in ["/", "/v2/cache", "/cache/keys/a/b", "/v1/health"] {
        service.get(uri).await.error(StatusCode::NOT_FOUND, "TM-0404");
    }
    for (method, uri, allowed) in [
        (Method::PUT, "/cache", "DELETE"),
        (Method::GET, "/cache/pattern", "POST"),
        (Method::POST, "/v1/cache/keys", "GET"),
        (Method::DELETE, "/readyz", "GET"),
    ] {
        let answer = service.send(method, uri, "").await;
        answer.error(StatusCode::METHOD_NOT_ALLOWED, "TM-0405");
        assert!(answer.headers[header::ALLOW].to_str().unwrap().contains(allowed), "{uri}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_must_be_json() {
    let limits = Limits { max_body_bytes: 100, ..Limits::default() };
    let service = TestService::limited(&limits);
    let long = format!(r#"{{"pattern":"{}"}}"#, "a".repeat(200));
    let answer = service.send(Method::POST, "/cache/pattern", &long).await;
    assert!(answer.error(StatusCode::PAYLOAD_TOO_LARGE, "TM-0413").contains("100 bytes"));
    // The same without an announced length.
    let chunks = futures::stream::iter([Ok::<_, std::io::Error>(long)]);
    let unannounced = request(Method::POST, "/cache/pattern").body(Body::from_stream(chunks)).unwrap();
    service.call(unannounced).await.error(StatusCode::PAYLOAD_TOO_LARGE, "TM-0413");
    // A route that reads no body refuses it by its head.
    service.send(Method::GET, "/cache", &"a".repeat(101)).await;
    let get =
        request(Method::GET, "/cache").header(header::CONTENT_LENGTH, "101").body(Body::empty()).unwrap();
    service.call(get).await.error(StatusCode::PAYLOAD_TOO_LARGE, "TM-0413");

    let text = request(Method::POST, "/cache/pattern").header(header::CONTENT_TYPE, "text/plain");
    let answer = service.call(text.body(Body::from("pattern=a")).unwrap()).await;
    answer.error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "TM-0415");
    let answer = service.send(Method::POST, "/cache/pattern", "{").await;
    answer.error(StatusCode::BAD_REQUEST, "TM-0400");
}

#[tokio::test]
async fn heads_are_bounded() {
    let service = TestService::new();
    service
        .get(&format!("/cache?key={}", "a".repeat(9_000)))
        .await
        .error(StatusCode::URI_TOO_LONG, "TM-0414");
    let large =
        request(Method::GET, "/cache").header("x-large", "a".repeat(17_000)).body(Body::empty()).unwrap();
    service.call(large).await.error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "TM-0431");
    let many =
        (0..70).fold(request(Method::GET, "/cache"), |request, number| request.header("x-many", number));
    let answer = service.call(many.body(Body::empty()).unwrap()).await;
    answer.error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "TM-0431");
}

#[tokio::test]
async fn requests_above_the_limit_are_refused_and_probes_are_not() {
    let service = TestService::limited(&Limits { concurrent_requests: 0, ..Limits::default() });
    let answer = service.get("/cache").await;
    answer.error(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(service.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn panics_and_silence_are_answered() {
    async fn panics() -> &'static str {
        panic!("the inside")
    }
    let routes = Router::new()
        .route("/panic", get(panics))
        .route("/silence", get(std::future::pending::<&'static str>))
        .layer(
            ServiceBuilder::new()
                .map_response(|answer| FailureLog::default().log(answer))
                .layer(PanicLayer)
                .layer(RequestLimitsLayer::new(Limits::default())),
        );
    for (uri, status, code) in [
        ("/panic", StatusCode::INTERNAL_SERVER_ERROR, "TM-0500"),
        ("/silence", StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"),
    ] {
        let response = routes.clone().oneshot(Request::get(uri).body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        assert!(!answer.error(status, code).contains("inside"));
    }
}

#[tokio::test]
async fn every_answer_has_an_id() {
    let service = TestService::new();
    let answer = service
        .call(Request::get("/cache").header("x-request-id", "abc-1").body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.headers["x-request-id"], "abc-1");
    assert!(service.get("/cache").await.headers.contains_key("x-request-id"));
}
