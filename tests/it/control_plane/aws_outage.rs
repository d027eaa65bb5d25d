//! AWS Secrets Manager away.

use std::time::Duration;

use serde_json::json;
use testkit::MotoServer;

use super::plane::{Plane, assert_refused, postgresql};

#[tokio::test]
async fn connections_that_were_never_served_are_503_and_never_a_part() {
    let moto = MotoServer::start().await;
    let plane = Plane::aws(moto.address()).await;
    let (served, other) = (plane.associated("blue-bank", "ledger").await, plane.tenant("green-bank").await);
    let body = json!({ "modules": { "onboarding": { "postgresql": postgresql() } } });
    assert_eq!(plane.post(&format!("/v1/tenants/{other}/associations/ledger"), body).await.status, 201);
    assert_eq!(plane.connections(&served, "ledger").await.status, 200);

    moto.pause();
    assert_eq!(plane.connections(&served, "ledger").await.status, 200, "it was served before");
    let refused = plane.connections(&other, "ledger").await;
    assert_refused(&refused, 503);
    assert!(refused.body.get("databases").is_none(), "{refused:?}");
    let module = format!("/v1/tenants/{other}/associations/ledger/modules/onboarding");
    let refused = plane.put(&module, json!({ "postgresql": postgresql() })).await;
    assert_refused(&refused, 503);
    assert!(!refused.body.to_string().contains("tenants/staging"), "{refused:?}");
    testkit::wait_until("the outage to be told", Duration::from_secs(45), async || {
        let ready = plane.get("/readyz").await;
        assert_eq!(ready.status, 200, "{ready:?}");
        ready.body["status"] == "degraded" && ready.body["checks"]["secrets"]["status"] == "down"
    })
    .await;

    moto.resume();
    testkit::wait_until("the connections", Duration::from_secs(30), async || {
        plane.connections(&other, "ledger").await.status == 200
    })
    .await;
    plane.service.wait_until_healthy().await;
}
