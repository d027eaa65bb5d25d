//! What every store does alike.

pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod ledger;
pub(crate) mod lists;
mod samples;
pub(crate) mod sealed_rows;
pub(crate) mod secret_writes;
pub(crate) mod size;
pub(crate) mod tenants;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use domain::{
    ApiKeyStore, ApiKeyUses, AuditLog, CatalogueStore, ChangeFeed, EventLog, IdempotencyLedger, LeaseStore,
    ManualClock, SealedRows, SecretWrites, TenantStore,
};

use store::MongoStore;

pub(crate) use samples::{change, row, tenant, tenant_with};

/// An empty store under every port it implements.
pub(crate) struct Backend {
    pub(crate) tenants: Arc<dyn TenantStore>,
    pub(crate) catalogue: Arc<dyn CatalogueStore>,
    pub(crate) api_keys: Arc<dyn ApiKeyStore>,
    pub(crate) api_key_uses: Arc<dyn ApiKeyUses>,
    pub(crate) ledger: Arc<dyn IdempotencyLedger>,
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) sealed_rows: Arc<dyn SealedRows>,
    pub(crate) secret_writes: Arc<dyn SecretWrites>,
    pub(crate) events: Arc<dyn EventLog>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) leases: Arc<dyn LeaseStore>,
    pub(crate) clock: Arc<ManualClock>,
    /// What moves out of records what changes left there, where a store needs that.
    pub(crate) mongo: Option<MongoStore>,
    /// The server is a stand-in that walks where a real one goes by an index: what it takes says little.
    pub(crate) is_stand_in: bool,
}

impl Backend {
    pub(crate) fn of<S>(store: Arc<S>, clock: Arc<ManualClock>) -> Self
    where
        S: TenantStore
            + CatalogueStore
            + ApiKeyStore
            + ApiKeyUses
            + IdempotencyLedger
            + ChangeFeed
            + SealedRows
            + SecretWrites
            + EventLog
            + AuditLog
            + LeaseStore,
    {
        Self {
            tenants: store.clone(),
            catalogue: store.clone(),
            api_keys: store.clone(),
            api_key_uses: store.clone(),
            ledger: store.clone(),
            feed: store.clone(),
            sealed_rows: store.clone(),
            secret_writes: store.clone(),
            events: store.clone(),
            audit: store.clone(),
            leases: store,
            clock,
            mongo: None,
            is_stand_in: false,
        }
    }

    pub(crate) async fn settle(&self) {
        if let Some(store) = &self.mongo {
            store.settle(1_000).await.unwrap();
        }
    }
}

/// A clock that stands at the beginning of 2026.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_767_225_600)))
}

/// The whole contract as tests of one backend. `$open` makes an empty store and keeps it while it is used.
macro_rules! suites {
    ($open:ident: $($suite:ident::$test:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                let opened = $open().await;
                crate::contract::$suite::$test(&opened.backend).await;
            }
        )*
    };
    ($open:ident) => {
        crate::contract::suites!($open:
            tenants::a_tenant_is_kept_as_it_was_given,
            tenants::a_stale_write_changes_nothing,
            tenants::of_many_writers_none_loses_what_another_wrote,
            tenants::a_slug_belongs_to_one_living_tenant_of_an_environment,
            tenants::a_refused_change_leaves_nothing_behind,
            lists::a_walk_sees_everything_once_whatever_comes_and_goes,
            lists::filters_and_words_narrow_a_list,
            lists::active_tenants_have_an_active_association,
            size::many_tenants_are_listed_searched_and_served,
            catalogue::is_one_record_with_one_version,
            api_keys::a_key_is_found_by_its_text_and_its_former_one,
            api_keys::a_text_belongs_to_one_key,
            api_keys::keys_are_listed_by_service,
            api_keys::keys_of_no_service_are_listed_apart,
            api_keys::the_last_use_of_a_key_goes_forward_only,
            api_keys::of_uses_that_are_noted_at_once_the_last_stays,
            api_keys::a_use_of_a_key_is_no_change_of_it,
            feed::a_change_of_a_key_says_how_long_ago_it_was,
            ledger::a_write_is_committed_once_under_its_key,
            ledger::of_many_tries_of_one_write_one_is_committed,
            ledger::a_row_gives_way_when_its_time_is_over,
            feed::every_change_is_told_in_order,
            feed::only_the_last_state_is_told,
            sealed_rows::a_version_is_kept_as_it_was_first_given,
            sealed_rows::a_walk_finds_every_row_and_replaces_what_it_found,
            secret_writes::what_is_due_is_found_until_it_is_forgotten,
            events::events_wait_in_the_order_of_each_tenant,
            events::a_number_is_given_once,
            events::of_many_that_release_one_takes_each_number,
            events::a_mark_goes_forward_only,
            events::what_is_old_goes_and_the_last_number_stays,
            events::what_is_set_aside_waits_no_more,
            events::a_lease_is_held_by_one,
            audit::what_changes_and_others_leave_waits_to_be_chained,
            audit::a_row_is_chained_once,
            audit::of_many_that_chain_one_takes_each_number,
            audit::a_row_that_nobody_can_read_is_chained_too,
            audit::a_chain_begins_behind_what_was_removed,
            audit::rows_are_found_newest_first,
        );
    };
}
pub(crate) use suites;
