use async_trait::async_trait;

use super::StoreUnavailable;
use crate::environment::Environment;
use crate::event::TenantEvent;
use crate::released_event::ReleasedEvent;
use crate::timestamp::Timestamp;

/// The events that changes left behind: first they wait, in no order but that of each tenant; then they are released, which
/// gives each a number in its environment; then they go to every target, and stay a while for those who missed them.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// What waits behind `after`, at most so many. The events of one tenant come in the order of its changes.
    async fn waiting(
        &self,
        after: Option<&WaitingPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingEvent>, StoreUnavailable>;

    /// Gives an event the number `sequence`, which has to be the one behind the last of its environment, and takes it out of
    /// what waits: both or nothing, or so that doing it again ends it.
    async fn release(
        &self,
        event: &TenantEvent,
        sequence: u64,
        at: Timestamp,
    ) -> Result<Release, StoreUnavailable>;

    /// Takes what nobody can read out of what waits, and keeps it aside.
    async fn set_aside(&self, position: &WaitingPosition) -> Result<(), StoreUnavailable>;

    /// The numbers there are in an environment.
    async fn released(&self, environment: Environment) -> Result<ReleasedRange, StoreUnavailable>;

    /// The highest number of an environment; 0 when there is none.
    async fn last_released(&self, environment: Environment) -> Result<u64, StoreUnavailable>;

    /// The events behind a number, by number, at most so many.
    async fn released_after(
        &self,
        environment: Environment,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<ReleasedEvent>, StoreUnavailable>;

    /// Up to which number a target has all events; `None` for a target that is new.
    async fn mark(&self, target: &str, environment: Environment) -> Result<Option<u64>, StoreUnavailable>;

    /// Moves a mark forward. One that is further already stays.
    async fn set_mark(
        &self,
        target: &str,
        environment: Environment,
        sequence: u64,
    ) -> Result<(), StoreUnavailable>;

    /// Removes what was released before `before` and has a number of at most `up_to`, but never the last of an environment,
    /// which tells the next number. Says how many are gone.
    async fn remove_released(
        &self,
        environment: Environment,
        before: Timestamp,
        up_to: u64,
    ) -> Result<u64, StoreUnavailable>;

    /// How much waits.
    async fn backlog(&self) -> Result<Backlog, StoreUnavailable>;
}

/// Where an event stands among those that wait, in a store's own words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WaitingPosition(pub String);

/// An event that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingEvent {
    /// Where it stands.
    pub position: WaitingPosition,
    /// The event; `None` when what is stored is none.
    pub event: Option<TenantEvent>,
}

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// It has the number.
    Done,
    /// It has had a number for long, and waits no more.
    Before,
    /// Another event has the number: somebody else releases.
    Taken,
}

/// The numbers of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReleasedRange {
    /// The lowest that is kept; 0 when there is none.
    pub first: u64,
    /// The highest; 0 when there is none.
    pub last: u64,
}

/// How much waits to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// So many events.
    pub depth: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<Timestamp>,
}
