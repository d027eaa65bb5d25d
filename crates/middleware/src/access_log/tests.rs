use std::convert::Infallible;
use std::future::pending;

use bytes::Bytes;
use http::StatusCode;
use tower::{ServiceExt, service_fn};

use super::*;
use crate::RequestIdLayer;
use crate::test_log::TestLog;

#[derive(Clone)]
struct Template(&'static str);

fn layer() -> AccessLogLayer {
    AccessLogLayer::new()
        .route_from(|extensions| extensions.get::<Template>().map(|template| template.0.to_owned()))
        .quiet(&["/health"])
}

async fn not_found(_: Request<()>) -> Result<Response<Bytes>, Infallible> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.extensions_mut().insert(CallerId::from("operator"));
    Ok(response)
}

fn request(path: &str) -> Request<()> {
    let mut request =
        Request::get(path).header("x-request-id", "abc-1").header("x-api-key", "s3cret").body(()).unwrap();
    request.extensions_mut().insert(Template("/cache/{key}"));
    request.extensions_mut().insert(crate::ClientAddress([192, 0, 2, 7].into()));
    request
}

#[tokio::test]
async fn one_line_tells_what_became_of_a_request() {
    let (log, _guard) = TestLog::capture();
    let service = RequestIdLayer::new().layer(layer().layer(service_fn(not_found)));
    service.oneshot(request("/cache/tenant:acme?pattern=jane")).await.unwrap();
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in [
        "INFO",
        "GET",
        "/cache/{key}",
        "status=404",
        "took_ms=",
        "abc-1",
        "client=192.0.2.7",
        "caller=operator",
        "request answered",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for secret in ["acme", "jane", "s3cret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn probes_are_quiet_and_unknown_routes_and_callers_are_left_out() {
    let (log, _guard) = TestLog::capture();
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Bytes::new())));
    layer().layer(inner).oneshot(Request::get("/health?x=1").body(()).unwrap()).await.unwrap();
    let text = log.text();
    assert!(text.contains("DEBUG") && text.contains("status=200"), "{text}");
    assert!(!text.contains("route=") && !text.contains("caller=") && !text.contains("request_id="), "{text}");
    layer().layer(inner).oneshot(Request::get("/healthy").body(()).unwrap()).await.unwrap();
    assert_eq!(log.lines_with("INFO").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn an_invented_method_does_not_fill_the_log() {
    let (log, _guard) = TestLog::capture();
    let method = "X".repeat(5_000);
    layer()
        .layer(service_fn(not_found))
        .oneshot(Request::builder().method(method.as_str()).body(()).unwrap())
        .await
        .unwrap();
    assert!(log.text().contains("_OTHER") && log.text().len() < 500);
}

#[tokio::test]
async fn failures_and_callers_that_give_up_are_logged_too() {
    let (log, _guard) = TestLog::capture();
    let failing = service_fn(async |_: Request<()>| Err::<Response<Bytes>, _>("broken"));
    assert!(layer().layer(failing).oneshot(request("/")).await.is_err());
    assert_eq!(log.lines_with("request failed without an answer").len(), 1);

    let hanging = service_fn(|_: Request<()>| pending::<Result<Response<Bytes>, Infallible>>());
    let mut service = tower_test::mock::Spawn::new(layer().layer(hanging));
    assert!(service.poll_ready().is_ready());
    drop(service.call(request("/")));
    assert_eq!(log.lines_with("request given up by its caller").len(), 1);
    assert_eq!(log.text().lines().count(), 2, "{}", log.text());
}
