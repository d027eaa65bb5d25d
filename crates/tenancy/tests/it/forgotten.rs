//! What a writer that died told nobody is forgotten before services are told of it.

use cache::Cache;
use domain::{EventKind, KeyBinding};
use tenancy::{Outcome, UseCases};

use crate::dying::{Mortal, Point};
use crate::secret_writes::module;

/// The process that made the change died between its commit and the caches. Whoever relays its event makes them forget first:
/// a service that is told reads the new state.
#[tokio::test]
async fn it_is_forgotten_before_services_are_told() {
    let mortal = Mortal::sqlite();
    let (path, shared) = (module(&mortal).await, Cache::embedded());
    let is_kept_out = async |process: &UseCases| {
        let binding = KeyBinding::default();
        let found = process.connections.find(&path.tenant, &path.service, &binding).await.unwrap();
        matches!(found.outcome, Outcome::KeptOut(_))
    };
    let reader = mortal.process_beside(shared.clone());
    assert!(!is_kept_out(&reader).await);
    let writer = mortal.process_beside(shared.clone());
    mortal.dying(Point::AfterCommit, writer.tenants.suspend(&path.tenant, mortal.writing())).await;
    drop(writer);

    let relaying = mortal.process_beside(shared.clone());
    assert!(!is_kept_out(&relaying).await, "the old connection is in the shared cache");
    assert!(!is_kept_out(&reader).await, "and in the memory of another");
    let waiting = mortal.parts.events.waiting(None, 100).await.unwrap();
    let event = waiting.last().unwrap().event.clone().unwrap();
    assert_eq!(event.kind, EventKind::Suspended);
    relaying.invalidator().invalidate(&event).await.unwrap();
    assert!(is_kept_out(&relaying).await, "who relays");
    assert!(is_kept_out(&reader).await, "who had it in memory");
    assert!(is_kept_out(&mortal.process_beside(shared)).await, "who reads the shared cache");
}
