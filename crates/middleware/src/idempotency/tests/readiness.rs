use tower_test::mock;

use super::*;

#[tokio::test]
async fn a_repeat_does_not_reach_the_service_and_a_first_call_does_as_it_came() {
    let working = Working::new();
    let (inner, mut handle) = mock::pair::<Request<Full<Bytes>>, Response<Full<Bytes>>>();
    let mut service = working.layer.layer(inner);
    handle.allow(1);
    let first = service.ready().await.unwrap().call(write());
    let answer_it = async {
        let (request, send) = handle.next_request().await.unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/orders"));
        assert!(request.extensions().get::<KeyedWrite>().is_some());
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "{}");
        send.send_response(Response::new(Full::from("done")));
    };
    let (first, ()) = tokio::join!(first, answer_it);
    assert_replayed(&whole(first.unwrap()).await, false);
    handle.allow(1);
    let again = whole(service.ready().await.unwrap().call(write()).await.unwrap()).await;
    assert_replayed(&again, true);
    assert_eq!(again.body(), "done");
    drop(service);
    assert!(handle.next_request().await.is_none(), "nothing more reached the service");
}

#[tokio::test]
async fn readiness_is_that_of_the_service_behind() {
    let working = Working::new();
    let (inner, mut handle) = mock::pair::<Request<Full<Bytes>>, Response<Full<Bytes>>>();
    let mut service = mock::Spawn::new(working.layer.layer(inner));
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
}
