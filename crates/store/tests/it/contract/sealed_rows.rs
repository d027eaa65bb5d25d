//! Sealed secrets.

use domain::{Environment, ResourceKind, SealedRow, SecretReference, SecretVersion};
use uuid::Uuid;

use super::Backend;

pub(crate) async fn a_version_is_kept_as_it_was_first_given(backend: &Backend) {
    let rows = backend.sealed_rows.as_ref();
    let path = ResourceKind::Postgresql.secret_path(
        Environment::Staging,
        &"acme".parse().unwrap(),
        &"onboarding".parse().unwrap(),
    );
    let reference = SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) };
    let other = SecretReference { version: SecretVersion::new(Uuid::new_v4()), ..reference.clone() };
    assert_eq!(rows.row(&reference).await.unwrap(), None);
    let row = SealedRow { reference: reference.clone(), sealed: vec![0, 1, 255] };
    rows.put_row(&row).await.unwrap();
    rows.put_row(&SealedRow { sealed: vec![9], ..row.clone() }).await.unwrap();
    rows.put_row(&SealedRow { reference: other.clone(), sealed: vec![7] }).await.unwrap();
    assert_eq!(rows.row(&reference).await.unwrap(), Some(row));
    rows.make_row_current(&other).await.unwrap();
    rows.remove_row(&reference).await.unwrap();
    rows.remove_row(&reference).await.unwrap();
    assert_eq!(rows.row(&reference).await.unwrap(), None);
    assert_eq!(rows.row(&other).await.unwrap().unwrap().sealed, [7]);
}

pub(crate) async fn a_walk_finds_every_row_and_replaces_what_it_found(backend: &Backend) {
    let rows = backend.sealed_rows.as_ref();
    let mut stored = Vec::new();
    for number in 0_u8..25 {
        let (tenant, module) =
            (format!("tenant-{}", number % 7).parse().unwrap(), "onboarding".parse().unwrap());
        let path = ResourceKind::Mongodb.secret_path(Environment::Staging, &tenant, &module);
        let reference = SecretReference { path, version: SecretVersion::new(Uuid::new_v4()) };
        let row = SealedRow { reference, sealed: vec![number, 0, 255] };
        rows.put_row(&row).await.unwrap();
        stored.push(row);
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = rows.rows_after(after.as_ref(), 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some((position, _row)) = page.last() else { break };
        after = Some(position.clone());
        for (_position, row) in page {
            assert!(rows.replace_envelope(&row, &[7]).await.unwrap());
            found.push(row);
        }
    }
    for all in [&mut stored, &mut found] {
        all.sort_by_key(|row| row.sealed.clone());
    }
    assert_eq!(stored, found);
    let row = &stored[3];
    assert!(!rows.replace_envelope(row, &[8]).await.unwrap(), "something else stands there now");
    assert_eq!(rows.row(&row.reference).await.unwrap().unwrap().sealed, [7]);
}
