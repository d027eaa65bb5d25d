//! The language of the pool-manager: tenants, services and what a tenant has of each; API keys, scopes and callers; keyed
//! writes; events and audit rows; the families of cache keys.
//!
//! Types and rules, and the ports that adapters implement. No I/O, no clock and no randomness of its own: the time
//! comes through [`Clock`], random bytes are arguments. Ports are trait objects: their set is open and each is called
//! once for a request, or hardly more often. The serialized form of a type is the form in which stores keep it; where the
//! wire has the same form, the type says so.

#[cfg(test)]
mod any_text;
mod api_key;
mod api_key_entry;
mod api_key_hash;
mod api_key_record;
mod association;
mod audit;
mod audit_action;
mod audit_chain;
mod audit_index;
mod audit_query;
mod base62;
pub mod cache_keys;
mod caller;
mod catalogue;
mod change;
mod clock;
mod committed_write;
mod connection_settings;
mod credential;
mod display_name;
mod environment;
mod event;
mod fingerprint;
mod host_rules;
mod idempotency_key;
mod invalid;
mod isolation;
mod key_binding;
mod key_family;
mod memory_api_keys;
mod module_name;
mod network;
mod newer_event;
mod owner;
mod ports;
mod rate_tier;
mod released_event;
mod resources;
mod revocation_reason;
mod scope;
mod search;
mod secret;
mod secret_segment;
mod segment;
mod service;
mod service_name;
mod slug;
mod tenant;
mod tenant_id;
mod tenant_status;
mod text_map;
mod timestamp;
mod write_key;

pub use api_key::{ApiKey, ApiKeyError};
pub use api_key_entry::{ApiKeyEntry, ApiKeyIdError, ApiKeyTransition, FormerText};
pub use api_key_hash::{ApiKeyHash, ApiKeyHashError};
pub use api_key_record::ApiKeyRecord;
pub use association::{Association, AssociationTransition};
pub use audit::{Actor, AuditEntry};
pub use audit_action::{AuditAction, UnknownAction};
pub use audit_chain::{
    ChainAnchor, ChainHead, ChainKeyName, ChainedRow, LinkHash, LinkHashError, UnchainedRow,
};
pub use audit_index::AuditIndex;
pub use audit_query::{
    AuditFilter, AuditLead, AuditPage, AuditPosition, AuditPositionError, AuditQuery, AuditRow,
};
pub use caller::{Caller, CallerId};
pub use catalogue::{Catalogue, Registered};
pub use change::{Change, CommitError};
pub use clock::{Clock, ManualClock, SystemClock};
pub use committed_write::{CommittedWrite, LedgerRow};
pub use connection_settings::ConnectionSettings;
pub use credential::{Credential, CredentialKind, CredentialName, CredentialNameError};
pub use display_name::{DisplayName, DisplayNameError};
pub use environment::{Environment, UnknownEnvironment};
pub use event::{EventConnectionSettings, EventKind, MessagingConfig, SecretPaths, TenantEvent};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use host_rules::{HostFault, HostRules, is_loopback_host, without_port};
pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};
pub use invalid::{FieldProblem, Invalid, field_path, out_of};
pub use isolation::{Isolation, UnknownIsolation};
pub use key_binding::KeyBinding;
pub use key_family::KeyFamily;
pub use memory_api_keys::MemoryApiKeys;
pub use module_name::ModuleName;
pub use network::network;
pub use newer_event::NewerEvent;
pub use owner::{Email, EmailError, Owner, PasswordHash, PasswordHashError};
pub use ports::{
    ActiveTenant, ApiKeySource, ApiKeyStore, ApiKeyUse, ApiKeyUses, AuditLog, Backlog, BoxError,
    CatalogueStore, Chaining, ChangeFeed, ChangeMark, Changed, Changes, EventLog, IdempotencyLedger,
    Invalidator, KeySetSource, Lease, LeaseStore, LedgerUnavailable, RecalledKey, RefusalWatch, Release,
    ReleasedRange, RememberedKeys, SealedRow, SealedRowPosition, SealedRows, SecretStore, SecretStoreError,
    SecretWrite, SecretWrites, SourceUnavailable, StoreCondition, StoreHealth, StoreUnavailable, TenantPage,
    TenantPosition, TenantQuery, TenantStore, Unwatched, UsedKeys, WaitingEvent, WaitingPosition,
};
pub use rate_tier::{RateTier, UnknownRateTier};
pub use released_event::{EventEnvelope, ReleasedEvent};
pub use resources::{
    Kafka, ModuleResources, Mongodb, PORTS, Postgresql, Rabbitmq, Resource, ResourceKind, UnknownResource,
};
pub use revocation_reason::{RevocationReason, RevocationReasonError};
pub use scope::{Scope, Scopes, UnknownScope};
pub use search::{SearchWords, search_words_of};
pub use secret::{SecretPath, SecretReference, SecretText, SecretVersion};
pub use secret_segment::{SecretSegment, SecretSegmentError};
pub use segment::SegmentError;
pub use service::{BaseUrl, BaseUrlError, Service};
pub use service_name::ServiceName;
pub use slug::{Slug, SlugError};
pub use tenant::{Restored, ServiceSettings, Tenant, TenantTransition};
pub use tenant_id::{IdSpelling, TenantId, TenantIdError};
pub use tenant_status::{AssociationStatus, TenantStatus, UnknownStatus};
pub use text_map::TextMap;
pub use timestamp::{Timestamp, TimestampError};
pub use write_key::WriteKey;
