//! The cache of the pool-manager: one client over Valkey (single node or cluster), an in-process twin with the
//! same semantics, and the key space operations behind the `/cache` API.
//!
//! Backends are a closed enum ([`Cache`]): there are exactly two, the hot path should not box, and typed helpers
//! are written once over both. Callers that are generic take [`CacheClient`]. The crate knows no domain type.
//!
//! `fred` is used as a link to one node and never shows in a public signature: the slot map, the redirections and
//! every decision to repeat a command are ours (see `valkey`), so that a swap of the driver costs this crate only.
//!
//! ```no_run
//! # async fn example() -> Result<(), cache::CacheError> {
//! use cache::{CacheClient, CacheConfig, Expiry};
//!
//! let config = CacheConfig::single("localhost:6379".parse().expect("an address"));
//! let cache = cache::connect(config).await?;
//! cache.set(b"greeting", "hello".into(), Expiry::Never).await?;
//! assert_eq!(cache.get(b"greeting").await?, "hello");
//! cache.close().await;
//! # Ok(())
//! # }
//! ```

mod address;
mod backend;
mod client;
mod config;
mod duration;
mod embedded;
mod error;
mod gcra;
mod glob;
mod handle;
mod keyspace;
#[cfg(feature = "mock")]
mod mock;
mod near;
mod slot;
mod steps;
mod valkey;
mod version_stamp;

pub use address::{AddressError, NodeAddress, without_user};
pub use backend::{Cache, connect};
pub use client::CacheClient;
pub use config::{
    CacheConfig, CacheMode, CacheVariables, ConfigProblem, ConfigProblems, PasswordFileProblem,
    RedisVariables, Secret, Selection,
};
pub use duration::{DurationError, parse_go_duration};
pub use embedded::{EmbeddedCache, EmbeddedLimits};
pub use error::{CacheError, PinnedLimit, Refusal};
pub use glob::{Glob, GlobError};
pub use handle::CacheHandle;
pub use keyspace::{
    Cursor, CursorError, DeleteReport, DeleteRequest, KeyDetails, KeyFilter, KeyStream, KeySummary, KeyTtl,
    Keyspace, MAX_PAGE, NodeDeletion, NodeRole, NodeStats, Page, PageRequest, Preview, ScanMethod, Stats,
    StatsTotals, Unreachable, ValueKind,
};
#[cfg(feature = "mock")]
pub use mock::{MockCache, MockCall};
pub use near::{
    Following, FoundRecord, Held, LAG_BOUNDS, LoadAborted, LoadLease, Loaded, LoadedRecord, NearCache,
    NearCounters, NearSettings, RecordLoad, TrackingCounters,
};
pub use slot::{SLOTS, key_slot};
pub use steps::{
    DeleteIfEqual, Expiry, Fill, Grant, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
    TakeRequestError,
};
pub use valkey::{Counters, ValkeyCache};
