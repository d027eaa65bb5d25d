//! The catalogue.

use std::collections::BTreeMap;

use domain::{Catalogue, CommitError, Service, Timestamp};

use super::{Backend, change};

pub(crate) async fn is_one_record_with_one_version(backend: &Backend) {
    let store = backend.catalogue.as_ref();
    assert_eq!(store.catalogue().await.unwrap(), Catalogue::default());
    let service = Service {
        modules: BTreeMap::from([("onboarding".parse().unwrap(), domain::ResourceKind::ALL.into())]),
        base_urls: BTreeMap::new(),
        created_at: Timestamp::ZERO,
        updated_at: Timestamp::ZERO,
    };
    let mut catalogue = Catalogue { version: 1, ..Catalogue::default() };
    catalogue.register(&"ledger".parse().unwrap(), service.clone()).unwrap();
    store.commit_catalogue(change(catalogue.clone(), None)).await.unwrap();
    for stale in [1, 3] {
        let stale = Catalogue { version: stale, ..Catalogue::default() };
        let refused = store.commit_catalogue(change(stale, None)).await;
        assert!(matches!(refused, Err(CommitError::Stale)), "{refused:?}");
    }
    catalogue.version = 2;
    catalogue.register(&"tracer".parse().unwrap(), service).unwrap();
    store.commit_catalogue(change(catalogue.clone(), None)).await.unwrap();
    assert_eq!(store.catalogue().await.unwrap(), catalogue);
}
