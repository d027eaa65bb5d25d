//! The use cases: what can be done with tenants, associations, services and keys, and how services find their connections.
//!
//! One plain struct a noun, over the ports of `domain`: a use case reads, lets `domain`'s rules decide, makes ids and times,
//! and writes the change with its events, its audit row and the answer that a repeat gets. Before it answers, everybody
//! who may remember the old state is told (`invalidation`). Handlers only unpack and wrap.

mod active_tenants;
mod api_keys;
mod associations;
mod audit;
mod connections;
mod credentials;
mod current_versions;
mod draft;
mod event_invalidator;
mod event_replay;
mod events;
mod fail_safe;
mod follower;
mod given_module;
mod granting;
mod hosts;
mod import;
mod invalidation;
mod key_uses;
mod modules;
mod parts;
mod reach;
mod records;
mod refusal;
mod registration;
mod rotation;
mod secret_bodies;
mod secret_keeper;
mod secret_writing;
mod services;
mod settings;
mod striped_locks;
mod tenants;
mod use_cases;
mod writing;

pub use active_tenants::{ActiveTenants, ActiveTenantsError};
pub use api_keys::{ApiKeyPage, ApiKeyView, ApiKeys, KeyPath, MadeKey, NewApiKey};
pub use associations::{AssociationView, Associations, NewAssociation};
pub use audit::{
    AuditChain, AuditCounters, AuditKeeper, AuditKeeperPorts, AuditNotes, AuditReading, Finding, GivenHead,
    GivenHeadError, NotesCounters, RefusedAttempts, SignedHead, Verified, verify,
};
pub use connections::{Answered, Connection, Connections, ConnectionsError, Outcome, Rendered};
pub use credentials::{CredentialPath, CredentialView, Credentials, ExternalSecret, M2mSecret};
pub use draft::Draft;
pub use event_replay::{EventPage, EventReplay, EventsAbout, ReplayError};
pub use fail_safe::{FailSafe, FailSafeCounters, SnapshotFile};
pub use given_module::{Given, GivenModule};
pub use granting::Granting;
pub use import::{Import, Imported, ImportedKey, ImportedRecord, ImportedTenant};
pub use key_uses::KeyUses;
pub use modules::{ConnectionSettingsPatch, ModulePath, Modules};
pub use parts::{NoRandomness, Parts, Random};
pub use refusal::{Conflict, KeptOut, Missing, Refusal};
pub use registration::NewTenant;
pub use rotation::{Rotated, Rotation};
pub use services::{NamedService, RegisteredService, ServicePatch, ServiceWish, Services};
pub use settings::Settings;
pub use tenants::{RegisteredTenant, TenantPatch, Tenants};
pub use use_cases::UseCases;
pub use writing::{Remember, Writing};
