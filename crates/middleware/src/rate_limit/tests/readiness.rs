use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder};
use tower_test::mock;

use super::*;

#[tokio::test]
async fn a_denied_request_does_not_reach_the_service_and_an_allowed_one_does_as_it_came() {
    let denied = take(0, 0, Duration::from_millis(120), Duration::from_secs(60));
    let granted = take(1, 7, Duration::ZERO, Duration::from_secs(59));
    let limited = Limited::new(MockCache::new().on_take(KEY, Ok(granted)).on_take(KEY, Ok(denied)));
    let (inner, mut handle) = mock::pair::<Request<()>, Response<Bytes>>();
    let mut service = limited.layer.layer(inner);
    handle.allow(1);
    let mut request = get("someone");
    *request.uri_mut() = "/path?query".parse().unwrap();
    let answer = service.ready().await.unwrap().call(request);
    let answer_it = async {
        let (request, send) = handle.next_request().await.unwrap();
        assert_eq!(request.uri(), "/path?query");
        assert!(request.extensions().get::<Caller>().is_some());
        send.send_response(Response::new(Bytes::from_static(b"answer")));
    };
    let (response, ()) = tokio::join!(answer, answer_it);
    assert_eq!(header(&response.unwrap(), "X-RateLimit-Remaining"), "7");
    handle.allow(1);
    let response = service.ready().await.unwrap().call(get("someone")).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(service);
    assert!(handle.next_request().await.is_none(), "nothing more reached the service");
}

#[tokio::test]
async fn an_error_of_the_service_is_passed_on() {
    let limited = Limited::new(MockCache::new());
    let inner = service_fn(|_: Request<()>| ready(Err::<Response<Bytes>, _>("broken")));
    assert_eq!(limited.layer.layer(inner).oneshot(get("someone")).await.unwrap_err(), "broken");
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let limited = Limited::new(MockCache::new());
    // Panics when it is called without having been asked whether it is ready.
    let mut service = ServiceBuilder::new()
        .layer(limited.layer.clone())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Bytes::new())))));
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(get("someone")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_service_behind() {
    let limited = Limited::new(MockCache::new());
    let (inner, mut handle) = mock::pair::<Request<()>, Response<Bytes>>();
    let mut service = tower_test::mock::Spawn::new(limited.layer.layer(inner));
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
}
