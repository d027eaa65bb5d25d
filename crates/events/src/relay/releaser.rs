//! Gives events their numbers.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    Environment, EventLog, Release, ReleasedEvent, StoreUnavailable, TenantEvent, TenantId, Timestamp,
    WaitingEvent, WaitingPosition,
};

use super::Parts;
use super::pacer::Pacer;
use super::stats::Stats;
use super::term::Term;

/// Events that are looked at together.
const PAGE: usize = 500;
/// Pages of one round: what is held back by the pacer stands before what is not.
const MAX_PAGES: usize = 40;
/// How often something that cannot be read is tried.
const TRIES: u32 = 5;

/// Why a round ended early.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It is another's turn.
    Lost,
    /// The store gave no answer.
    Store(StoreUnavailable),
}

impl From<StoreUnavailable> for Stopped {
    fn from(error: StoreUnavailable) -> Self {
        Self::Store(error)
    }
}

/// Releases what waits, one event at a time. Two that do so at once do not harm: each number is there once, and whoever meets
/// a taken one stops.
pub(super) struct Releaser<'a> {
    parts: &'a Parts,
    term: &'a Term,
    last: BTreeMap<Environment, u64>,
    pacer: Pacer,
    unreadable: HashMap<WaitingPosition, u32>,
    /// Tenants whose record cannot be read.
    kept_back: HashSet<TenantId>,
}

impl<'a> Releaser<'a> {
    /// Goes on where the log ends.
    pub(super) async fn new(parts: &'a Parts, term: &'a Term) -> Result<Self, StoreUnavailable> {
        let (mut last, mut pacer) = (BTreeMap::new(), Pacer::default());
        let begin = parts.now().before(Pacer::window());
        for environment in Environment::ALL {
            let highest = parts.log.last_released(environment).await?;
            last.insert(environment, highest);
            for released in released_since(parts.log.as_ref(), environment, highest, begin).await? {
                pacer.note(&released.event, released.released_at);
            }
        }
        Ok(Self { parts, term, last, pacer, unreadable: HashMap::new(), kept_back: HashSet::new() })
    }

    /// Releases all that may be released now, and says how many events that were.
    pub(super) async fn round(&mut self) -> Result<u64, Stopped> {
        let (mut released, mut after) = (0, None);
        let mut held = HashSet::new();
        self.pacer.tidy(self.parts.now());
        for _page in 0..MAX_PAGES {
            let page = self.parts.log.waiting(after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|waiting| waiting.position.clone());
            for waiting in page {
                released += u64::from(self.one(waiting, &mut held).await?);
            }
            if is_last {
                break;
            }
        }
        Ok(released)
    }

    /// Whether it was released. Nothing of a tenant passes what is held back of it.
    async fn one(&mut self, waiting: WaitingEvent, held: &mut HashSet<TenantId>) -> Result<bool, Stopped> {
        let Some(event) = waiting.event else {
            self.unreadable(waiting.position).await?;
            return Ok(false);
        };
        if held.contains(&event.tenant_id) {
            return Ok(false);
        }
        let now = self.parts.now();
        if !self.pacer.allows(&event, now) {
            held.insert(event.tenant_id);
            return Ok(false);
        }
        // Before anybody is told: what services read then must not be the old state.
        if let Err(error) = self.parts.invalidator.invalidate(&event).await {
            self.keep_back(&event, error).await?;
            held.insert(event.tenant_id);
            return Ok(false);
        }
        self.kept_back.remove(&event.tenant_id);
        self.release(&event, now).await
    }

    /// Whatever is wrong with the record of one tenant is not to stop the events of others. A store that is away gives no other
    /// answer either.
    async fn keep_back(&mut self, event: &TenantEvent, error: StoreUnavailable) -> Result<(), Stopped> {
        self.parts.log.last_released(event.environment).await?;
        if self.kept_back.insert(event.tenant_id.clone()) {
            let (tenant_id, error) = (&event.tenant_id, &error.source);
            tracing::error!(%tenant_id, %error, "events of a tenant are kept back: its record cannot be read");
        }
        Ok(())
    }

    async fn release(&mut self, event: &TenantEvent, now: Timestamp) -> Result<bool, Stopped> {
        if !self.term.is_held() {
            return Err(Stopped::Lost);
        }
        let last = self.last.entry(event.environment).or_default();
        match self.parts.log.release(event, *last + 1, now).await? {
            Release::Done => {
                *last += 1;
                self.pacer.note(event, now);
                Stats::one_more(&self.parts.stats.released);
                self.parts.released.notify_waiters();
                Ok(true)
            }
            Release::Before => Ok(false),
            Release::Taken => Err(Stopped::Lost),
        }
    }

    async fn unreadable(&mut self, position: WaitingPosition) -> Result<(), Stopped> {
        let tries = self.unreadable.entry(position.clone()).or_default();
        *tries += 1;
        if *tries >= TRIES {
            tracing::error!(position = position.0, "an event that cannot be read is set aside");
            self.parts.log.set_aside(&position).await?;
            self.unreadable.remove(&position);
            Stats::one_more(&self.parts.stats.set_aside);
        }
        Ok(())
    }
}

/// What was released since `begin`, by number.
async fn released_since(
    log: &dyn EventLog,
    environment: Environment,
    last: u64,
    begin: Timestamp,
) -> Result<Vec<ReleasedEvent>, StoreUnavailable> {
    let (mut pages, mut end) = (Vec::new(), last);
    while end > 0 {
        let from = end.saturating_sub(u64::try_from(PAGE).unwrap_or(u64::MAX));
        let mut page = log.released_after(environment, from, PAGE).await?;
        page.retain(|released| released.sequence <= end);
        let is_whole = page.first().is_some_and(|first| first.released_at > begin);
        pages.push(page);
        if !is_whole {
            break;
        }
        end = from;
    }
    let recent = pages.into_iter().rev().flatten();
    Ok(recent.filter(|released| released.released_at > begin).collect())
}
