//! What waits although it could be released, and what that does to others.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{EventKind, Invalidator, StoreUnavailable, TenantEvent};
use events::{Relay, RelayPorts};

use crate::log::Log;
use crate::recorder::Recorder;
use crate::relay::Running;

/// The record of one tenant cannot be read.
struct Broken(&'static str);

#[async_trait]
impl Invalidator for Broken {
    async fn invalidate(&self, event: &TenantEvent) -> Result<(), StoreUnavailable> {
        if event.tenant_slug.as_str() == self.0 {
            return Err(StoreUnavailable::new(std::io::Error::other("it is garbled")));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_holds_up_nobody_else() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    log.write("broken", 2).await;
    log.write("fine", 2).await;
    let ports = log.ports(vec![Arc::new(target.clone())]);
    let running = Running::of(Relay::new(RelayPorts { invalidator: Arc::new(Broken("broken")), ..ports }));
    log.write("later", 2).await;
    let got = target.wait_for(4).await;
    assert!(got.iter().all(|(slug, _)| slug != "broken"), "{got:?}");
    testkit::wait_until("all others to be published", Duration::from_secs(10), async || {
        running.relay.backlog().await.unwrap().depth == 2
    })
    .await;
    running.stop().await;

    let mended = Running::of(log.relay(vec![Arc::new(target.clone())]));
    let got = target.wait_for(6).await;
    let versions = got.iter().filter(|(slug, _)| slug == "broken").map(|(_, version)| *version);
    assert_eq!(versions.collect::<Vec<_>>(), [1, 2]);
    mended.stop().await;
}

/// However many other events were released since.
#[tokio::test]
async fn the_next_to_relay_knows_what_services_reload_for() {
    let (log, target) = (Log::new(), Recorder::new("one"));
    let reload = || EventKind::CacheInvalidate { service_name: "ledger".parse().unwrap(), reason: None };
    for number in 0..20 {
        log.change(&format!("reloaded-{number}"), 1, reload()).await;
    }
    let running = Running::of(log.relay(vec![Arc::new(target.clone())]));
    target.wait_for(20).await;
    log.write("other", 1_100).await;
    target.wait_for(1_120).await;
    running.stop().await;

    log.change("reloaded-too-soon", 1, reload()).await;
    log.write("last", 1).await;
    let next = Running::of(log.relay(vec![Arc::new(target.clone())]));
    let got = target.wait_for(1_121).await;
    assert_eq!(got.last().unwrap().0, "last", "the other waits for its minute");
    log.clock.advance(Duration::from_secs(61));
    assert_eq!(target.wait_for(1_122).await.last().unwrap().0, "reloaded-too-soon");
    next.stop().await;
}
