//! What readiness tells of events that wait.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};

use super::plane::Plane;
use crate::support::{PATIENCE, Service};

/// Looks until so many events wait; gives the check and the answer's status besides.
async fn waiting(plane: &Plane, count: u64) -> (Value, u16, Value) {
    testkit::wait_for("what waits to be counted", PATIENCE, async || {
        let answer = plane.get("/readyz").await;
        let check = answer.body["checks"]["events"].clone();
        let found = (check, answer.status.as_u16(), answer.body["status"].clone());
        if found.0["waiting"] == count { Ok(found) } else { Err(format!("{answer:?}")) }
    })
    .await
}

#[tokio::test]
async fn events_that_wait_are_told_and_make_no_replica_less_ready() {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    // Nobody listens there: a target that is away.
    let variables =
        [("AGGRESSIVE_RATE_LIMIT_MAX", "100000"), ("RABBITMQ_URI", "amqp://guest:guest@127.0.0.1:1/%2f")];
    let plane = Plane { service: Service::start_at(clock.clone(), &variables).await };
    plane.service.wait_until_healthy().await;
    let id = plane.associated("blue-bank", "ledger").await;
    let broker = plane.get("/readyz").await.body["checks"]["rabbitmq"].clone();
    assert_eq!(broker, json!({ "status": "down", "reason": "the broker gives no answer" }));
    let few = json!({ "status": "up", "waiting": 3, "oldest_seconds": 0 });
    assert_eq!(waiting(&plane, 3).await, (few, 200, json!("healthy")), "released, and not at the broker");

    // A service gets twenty reloads a minute; the others wait for a number, here for as long as the clock stands still.
    for _ in 0..45 {
        let path = format!("/v1/tenants/{id}/associations/ledger/cache/invalidate");
        assert_eq!(plane.post(&path, Value::Null).await.status, 200);
    }
    let more = json!({ "status": "up", "waiting": 48, "oldest_seconds": 0 });
    assert_eq!(waiting(&plane, 48).await, (more, 200, json!("healthy")));
    clock.advance(Duration::from_secs(121));
    let late = testkit::wait_for("the age to be told", PATIENCE, async || {
        let found = waiting(&plane, 48).await;
        if found.0["oldest_seconds"] == 121 { Ok(found) } else { Err(format!("{found:?}")) }
    });
    let expected = json!({ "status": "degraded", "waiting": 48, "oldest_seconds": 121 });
    assert_eq!(late.await, (expected, 200, json!("healthy")));
}
