//! Values held in this process, and how they are told that they are old.
//!
//! [`NearCache`] holds values of one prefix of keys. [`Hub`] knows all near-caches of a process and passes on which keys
//! changed: told by the tracking links of a Valkey client, or by the embedded cache itself. Whether that news would come
//! at all is a [`Proof`], one for each tracking link: an entry is as good as the proof it was stored under.

mod announcing;
mod counters;
mod entry;
mod flight;
mod hub;
mod lag;
mod near_cache;
mod news;
mod proof;
mod read_through;
mod reading;
mod settings;
mod table;
#[cfg(test)]
mod tests;

pub use announcing::Following;
pub use counters::NearCounters;
#[cfg(test)]
pub(crate) use hub::Sink;
pub(crate) use hub::{Coverage, Hub};
pub use lag::{LAG_BOUNDS, TrackingCounters};
pub use near_cache::{Held, LoadAborted, Loaded, NearCache};
pub(crate) use news::News;
pub(crate) use proof::Proof;
pub use read_through::{FoundRecord, LoadLease, LoadedRecord, RecordLoad};
pub use settings::NearSettings;
