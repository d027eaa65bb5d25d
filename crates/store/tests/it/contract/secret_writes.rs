//! Versions of secrets that have to be looked at once more.

use std::time::Duration;

use domain::{Environment, ResourceKind, SecretReference, SecretVersion, SecretWrite, Timestamp};
use uuid::Uuid;

use super::Backend;

fn write(id: u128, due: i64) -> SecretWrite {
    let (tenant, module) = ("acme".parse().unwrap(), "onboarding".parse().unwrap());
    let path = ResourceKind::Postgresql.secret_path(Environment::Staging, &tenant, &module);
    SecretWrite {
        id: Uuid::from_u128(id),
        reference: SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) },
        tenant,
        at: Timestamp::from_millis(due - 60_000),
        due: Timestamp::from_millis(due),
    }
}

pub(crate) async fn what_is_due_is_found_until_it_is_forgotten(backend: &Backend) {
    let writes = backend.secret_writes.as_ref();
    let now = Timestamp::from_millis(1_000_000);
    assert!(writes.due_secret_writes(now, 10).await.unwrap().is_empty());
    let (late, early, not_yet) = (write(1, 1_000_000), write(2, 900_000), write(3, 1_000_001));
    writes.note_secret_writes(&[late.clone(), early.clone(), not_yet.clone()]).await.unwrap();
    assert_eq!(writes.due_secret_writes(now, 10).await.unwrap(), [early.clone(), late.clone()]);
    assert_eq!(writes.due_secret_writes(now, 1).await.unwrap(), std::slice::from_ref(&early));

    let postponed = SecretWrite { due: now.after(Duration::from_secs(60)), ..early.clone() };
    writes.note_secret_writes(&[postponed]).await.unwrap();
    assert_eq!(
        writes.due_secret_writes(now, 10).await.unwrap(),
        std::slice::from_ref(&late),
        "it has another time"
    );
    writes.forget_secret_writes(&[late.id, Uuid::from_u128(9)]).await.unwrap();
    writes.forget_secret_writes(&[late.id]).await.unwrap();
    assert!(writes.due_secret_writes(now, 10).await.unwrap().is_empty());
    let later = now.after(Duration::from_secs(60));
    let ids: Vec<_> = writes.due_secret_writes(later, 10).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(ids, [not_yet.id, early.id]);
}
