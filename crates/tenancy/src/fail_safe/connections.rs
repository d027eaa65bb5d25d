//! What is remembered of connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{ServiceName, Tenant, TenantId, cache_keys};

use super::content::{Content, Kind, Places, Stored, What};
use super::table::Renewal;
use super::{FailSafe, Outage, Shared};
use crate::connections::{Connection, Outcome, Rendered, StoredKeptOut, kept_out};

/// What was confirmed a while ago.
#[derive(Debug)]
pub(crate) struct Recalled {
    /// `None` when there was no such association.
    pub(crate) connection: Option<Arc<Connection>>,
    pub(crate) age: Duration,
}

impl FailSafe {
    /// The sources of connections as they were last met; `None` where the fail-safe is off.
    pub(crate) fn outage(&self) -> Option<&Outage> {
        self.0.as_deref().map(|shared| &shared.outage)
    }

    /// This was said by the store, or by the shared cache where a change of it would have been told.
    pub(crate) fn confirm(&self, name: &str, connection: &Connection) {
        let Some(shared) = &self.0 else { return };
        let now = shared.now();
        if shared.table().renew(name, connection.version, now) != Renewal::New {
            return;
        }
        let Connection { environment, version, places, ref settings, ref outcome } = *connection;
        let what = match outcome {
            Outcome::Config(rendered) => What::Config { environment, settings, places, rendered },
            Outcome::KeptOut(kept_out) => {
                What::KeptOut { environment, settings, kept_out: StoredKeptOut::of(kept_out) }
            }
        };
        shared.remember(name, &Content { version, confirmed_at: now, what });
    }

    /// Takes in what the store has of the tenant: where less is allowed than is remembered, or something else, that counts from
    /// now on. Says whether anything was noted.
    pub(crate) fn learn(&self, tenant: &Tenant) -> bool {
        self.learn_all(tenant, false)
    }

    /// The same of a change that this process made: who is kept out is noted also where nothing is remembered.
    pub(crate) fn learn_own(&self, tenant: &Tenant) -> bool {
        self.learn_all(tenant, true)
    }

    fn learn_all(&self, tenant: &Tenant, is_own: bool) -> bool {
        let Some(shared) = &self.0 else { return false };
        let mut is_noted = false;
        for service in &tenant.known_services {
            let name = cache_keys::tenant_connections(&tenant.id, service);
            is_noted |= shared.learn(&name, tenant, service, is_own);
        }
        is_noted
    }

    /// The same of one service.
    pub(crate) fn learn_of(&self, tenant: &Tenant, service: &ServiceName) {
        if let Some(shared) = &self.0 {
            shared.learn(&cache_keys::tenant_connections(&tenant.id, service), tenant, service, false);
        }
    }

    /// The tenant changed to this version, and nobody can say how.
    pub(crate) fn supersede(&self, tenant: &TenantId, version: u64, services: &[ServiceName]) {
        let Some(shared) = &self.0 else { return };
        for service in services {
            shared.supersede(&cache_keys::tenant_connections(tenant, service), version);
        }
    }

    /// Whether what is remembered of the tenant has to be compared with this version.
    pub(crate) fn is_behind(&self, tenant: &TenantId, version: u64, services: &[ServiceName]) -> bool {
        self.0.as_ref().is_some_and(|shared| {
            let mut names = services.iter().map(|service| cache_keys::tenant_connections(tenant, service));
            names.any(|name| shared.is_behind(&name, version))
        })
    }

    /// Whether there is something to answer with.
    pub(crate) fn remembers(&self, name: &str) -> bool {
        let known = self.0.as_ref().and_then(|shared| shared.known(name));
        known.is_some_and(|(kind, _)| kind != Kind::Superseded)
    }

    /// Whether this version is known, or a newer one.
    pub(crate) fn is_as_new(&self, name: &str, version: u64) -> bool {
        self.0.as_ref().is_some_and(|shared| {
            shared.known(name).is_some_and(|(_, known)| known >= version) && !shared.is_behind(name, version)
        })
    }

    /// The shared cache was told of this version.
    pub(crate) fn was_told(&self, name: &str, version: u64) {
        if let Some(shared) = &self.0 {
            shared.supersede(name, version);
        }
    }

    /// What is remembered, if it is not too old.
    pub(crate) fn recall(&self, name: &str, service: &ServiceName) -> Option<Recalled> {
        let shared = self.0.as_ref()?;
        let (opened, age) = shared.recall(name)?;
        let version = opened.version;
        let connection = |environment, settings, places, outcome| {
            Some(Arc::new(Connection { environment, version, places, settings, outcome }))
        };
        let connection = match opened.stored {
            Stored::Config { environment, settings, places } => {
                let rendered = Rendered::new(opened.body, version);
                connection(environment, settings, places, Outcome::Config(rendered))
            }
            Stored::KeptOut { environment, settings, kept_out } => {
                let outcome = Outcome::KeptOut(kept_out.into_kept_out(service));
                connection(environment, settings, None, outcome)
            }
            Stored::Gone => None,
            Stored::Superseded
            | Stored::Key(_)
            | Stored::Revoked
            | Stored::Renewed(_)
            | Stored::Forgotten(_) => return None,
        };
        shared.served.fetch_add(1, Ordering::Relaxed);
        Some(Recalled { connection, age })
    }
}

impl Shared {
    fn learn(&self, name: &str, tenant: &Tenant, service: &ServiceName, is_own: bool) -> bool {
        let (standing, places) = {
            let table = self.table();
            let entry = table.get(name);
            (entry.map(|entry| (entry.kind, entry.known)), entry.and_then(|entry| entry.places))
        };
        if standing.is_some_and(|(_, known)| known > tenant.version) || (standing.is_none() && !is_own) {
            return false;
        }
        let no_settings = domain::ServiceSettings::default();
        let settings = tenant.settings.get(service).unwrap_or(&no_settings);
        let association = tenant.associations.get(service);
        let what = match association {
            None => What::Gone,
            Some(association) => match (kept_out(tenant, association, service), standing) {
                (Some(kept_out), _) => What::KeptOut {
                    environment: tenant.environment,
                    settings,
                    kept_out: StoredKeptOut::of(&kept_out),
                },
                (None, None) => return false,
                (None, Some((Kind::Config, _))) if places.is_some() && places == Places::of(association) => {
                    self.table().raise(name, tenant.version);
                    return false;
                }
                (None, Some(_)) => What::Superseded,
            },
        };
        let content = Content { version: tenant.version, confirmed_at: self.now(), what };
        // What is known need not be noted again.
        standing != Some((content.kind(), content.version)) && self.remember(name, &content)
    }

    /// Where something older is remembered.
    pub(super) fn supersede(&self, name: &str, version: u64) {
        if self.known(name).is_some_and(|(_, known)| known < version) {
            let what = What::Superseded;
            self.remember(name, &Content { version, confirmed_at: self.now(), what });
        }
    }
}
