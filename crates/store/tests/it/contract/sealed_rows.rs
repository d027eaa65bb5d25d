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
