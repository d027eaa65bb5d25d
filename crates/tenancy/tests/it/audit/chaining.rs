//! Rows get their places, each one, whoever gives them.

use domain::{AuditFilter, AuditQuery, Environment, KeyBinding};
use tenancy::{AuditChain, verify};

use super::log::{DAY, Meddled, Process, all_chained, leave};
use crate::desk::{Desk, ring};

#[tokio::test]
async fn two_processes_chain_every_row_once() {
    let desk = Desk::new();
    leave(&desk, 20).await;
    let log = desk.parts.audit.clone();
    let processes = [Process::start(&desk, log.clone(), DAY), Process::start(&desk, log.clone(), DAY)];
    leave(&desk, 20).await;
    all_chained(&log).await;
    let verified = verify(log.as_ref(), &AuditChain::of(&ring()), &[]).await.unwrap();
    assert_eq!((verified.rows, verified.findings), (40, vec![]));
    let chained: Vec<_> = processes.iter().map(|process| process.keeper.counters()).collect();
    assert_eq!(chained.iter().map(|it| it.chained).sum::<u64>(), 40);
    assert_eq!(chained.iter().filter(|it| it.is_chaining).count(), 1, "one at a time");
}

#[tokio::test]
async fn who_goes_on_after_a_kill_makes_one_chain() {
    let desk = Desk::new();
    let log = desk.parts.audit.clone();
    for _life in 0..3 {
        leave(&desk, 30).await;
        let process = Process::start(&desk, log.clone(), DAY);
        testkit::wait_until("some rows to be chained", super::log::PATIENCE, async || {
            process.keeper.counters().chained > 3
        })
        .await;
        process.kill().await;
        // The lease of the dead one is over.
        desk.clock.advance(std::time::Duration::from_secs(60));
    }
    let last = Process::start(&desk, log.clone(), DAY);
    all_chained(&log).await;
    last.stop().await;
    let verified = verify(log.as_ref(), &AuditChain::of(&ring()), &[]).await.unwrap();
    assert_eq!((verified.rows, verified.findings), (90, vec![]));
}

#[tokio::test]
async fn what_waits_at_a_soft_stop_is_chained_first() {
    let desk = Desk::new();
    let log = desk.parts.audit.clone();
    let process = Process::start(&desk, log.clone(), DAY);
    testkit::wait_until("its turn", super::log::PATIENCE, async || process.keeper.counters().is_chaining)
        .await;
    leave(&desk, 250).await;
    process.stop().await;
    assert_eq!(log.unchained_count().await.unwrap(), 0);
    let lease = desk.parts.leases.acquire_lease("audit-chain", DAY).await.unwrap();
    assert!(lease.is_some(), "another may go on at once");
}

#[tokio::test]
async fn a_store_that_was_away_is_gone_on_with() {
    let desk = Desk::new();
    let meddled = Meddled::with(desk.parts.audit.clone());
    meddled.is_away.store(true, std::sync::atomic::Ordering::SeqCst);
    leave(&desk, 5).await;
    let process = Process::start(&desk, meddled.clone(), DAY);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(process.keeper.counters().chained, 0);
    meddled.is_away.store(false, std::sync::atomic::Ordering::SeqCst);
    all_chained(&desk.parts.audit).await;
}

#[tokio::test]
async fn who_is_bound_to_an_environment_sees_its_rows_only() {
    let desk = Desk::new();
    let log = desk.parts.audit.clone();
    leave(&desk, 1).await;
    for environment in Environment::ALL {
        let entry = desk.use_cases.audit_notes.entry(
            &desk.actor,
            domain::AuditAction::Update,
            "tenants/a",
            serde_json::Value::Null,
        );
        log.append_audit(&domain::AuditEntry { environment: Some(environment), ..entry }).await.unwrap();
    }
    Process::start(&desk, log.clone(), DAY).stop_when_all_chained(&log).await;
    let found = async |binding: Option<Environment>, asked: Option<Environment>| {
        let binding = KeyBinding { environment: binding, ..KeyBinding::default() };
        let actor = domain::Actor { binding, ..desk.actor.clone() };
        let filter = AuditFilter { environment: asked, ..AuditFilter::default() };
        let page = desk.use_cases.audit.page(AuditQuery { filter, behind: None, limit: 10 }, &actor).await;
        page.unwrap().rows.into_iter().map(|row| row.entry.environment).collect::<Vec<_>>()
    };
    let (staging, production) = (Some(Environment::Staging), Some(Environment::Production));
    assert_eq!(found(None, None).await.len(), 3);
    assert_eq!(found(None, production).await, [production]);
    assert_eq!(found(staging, None).await, [staging]);
    assert_eq!(found(staging, staging).await, [staging]);
    assert_eq!(found(staging, production).await, []);
}

impl Process {
    async fn stop_when_all_chained(self, log: &std::sync::Arc<dyn domain::AuditLog>) {
        all_chained(log).await;
        self.stop().await;
    }
}
