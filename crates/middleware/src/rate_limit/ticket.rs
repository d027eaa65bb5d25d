//! The way of one request through the takes of its key.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use cache::{CacheError, Take};

use super::counters::Counting;
use super::denial::Denial;
use super::flight::{Batch, Flight, Landing, Left, Step};
use super::limiter::Limiter;
use super::takes::{Arrival, Outcome};
use super::tiers::Tier;

/// What the cache says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Its share of a take: granted 1 or 0.
    Taken(Take),
    /// It was denied a moment ago, and would be again.
    Denied(Denial),
    /// It was not asked: too many of the same key wait for it.
    Crowded,
    /// Nothing.
    Failed {
        /// Whether the request waited for as long as it may.
        timed_out: bool,
    },
}

/// A request that waits for its decision. Dropped before, it leaves its turn to the others: nobody waits for a request that
/// is gone.
///
/// It works only while it is polled, as every future; who leads and is not polled keeps the others of its key waiting.
pub(super) struct Ticket {
    limiter: Arc<Limiter>,
    tier: Arc<Tier>,
    key: Bytes,
    stage: Stage,
}

enum Stage {
    Arriving,
    Waiting {
        batch: Arc<Batch>,
        place: usize,
    },
    Leading {
        /// Whom it leads, and its own place; `None` when it asks for itself.
        followers: Option<(Arc<Batch>, usize)>,
        /// `None` only while it is polled.
        flight: Option<Flight>,
    },
    Done,
}

impl Ticket {
    pub(super) fn new(limiter: Arc<Limiter>, tier: Arc<Tier>, key: Bytes) -> Self {
        Self { limiter, tier, key, stage: Stage::Arriving }
    }

    /// A request that found out already that the cache does not answer.
    pub(super) fn without_cache(limiter: Arc<Limiter>, tier: Arc<Tier>, key: Bytes) -> Self {
        limiter.log.failed(limiter.clock.now(), limiter.on_failure, None);
        Self { limiter, tier, key, stage: Stage::Done }
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    pub(super) fn tier(&self) -> &Arc<Tier> {
        &self.tier
    }

    pub(super) fn key(&self) -> &Bytes {
        &self.key
    }

    pub(super) fn poll_decision(&mut self, context: &mut Context<'_>) -> Poll<Decision> {
        loop {
            let step = match &mut self.stage {
                Stage::Arriving => self.arrive(context),
                Stage::Waiting { batch, place } => match batch.step(*place, context.waker()) {
                    Step::Wait => return Poll::Pending,
                    Step::Lead => {
                        let (batch, place) = (Arc::clone(batch), *place);
                        self.limiter.takes.close(&self.key);
                        let count = batch.launch(place);
                        self.lead(count, Some((batch, place)))
                    }
                    Step::Resume(flight) => {
                        let followers = Some((Arc::clone(batch), *place));
                        self.stage = Stage::Leading { followers, flight: Some(flight) };
                        None
                    }
                    Step::Landed(landing, rank) => {
                        self.stage = Stage::Done;
                        Some(self.share(landing, rank))
                    }
                },
                Stage::Leading { flight, .. } => {
                    let Some(mut flying) = flight.take() else {
                        return Poll::Ready(Decision::Failed { timed_out: false });
                    };
                    match flying.take.as_mut().poll(context) {
                        Poll::Pending => {
                            *flight = Some(flying);
                            return Poll::Pending;
                        }
                        Poll::Ready(result) => Some(self.land(Some(&flying), result)),
                    }
                }
                // The cache is not to be asked.
                Stage::Done => Some(Decision::Failed { timed_out: false }),
            };
            match step {
                Some(decision) => return Poll::Ready(decision),
                None if matches!(self.stage, Stage::Waiting { .. }) => return Poll::Pending,
                None => {}
            }
        }
    }

    /// `None` while it is not over.
    fn arrive(&mut self, context: &Context<'_>) -> Option<Decision> {
        let now = self.limiter.clock.now();
        match self.limiter.takes.arrive(&self.key, context.waker(), now) {
            Arrival::Lead => self.lead(1, None),
            Arrival::Join(batch, place) => {
                self.stage = Stage::Waiting { batch, place };
                None
            }
            Arrival::Denied(denial) => {
                self.stage = Stage::Done;
                Some(Decision::Denied(denial))
            }
            Arrival::Crowded => {
                self.stage = Stage::Done;
                Some(Decision::Crowded)
            }
        }
    }

    fn lead(&mut self, count: u64, followers: Option<(Arc<Batch>, usize)>) -> Option<Decision> {
        self.stage = Stage::Leading { followers, flight: None };
        let now = self.limiter.clock.now();
        match self.limiter.takes.take_off(&self.key, self.tier.one, count, now) {
            Ok(taken_off) => {
                Counting::add(&self.limiter.counting.takes);
                if let Stage::Leading { flight, .. } = &mut self.stage {
                    *flight = Some(taken_off);
                }
                None
            }
            Err(error) => Some(self.land(None, Err(error))),
        }
    }

    /// The take is over: tells those that it was for, and calls those behind them.
    fn land(&mut self, flight: Option<&Flight>, result: Result<Take, CacheError>) -> Decision {
        let now = self.limiter.clock.now();
        if result.is_ok() {
            self.limiter.log.decided(now);
        }
        let (landing, outcome) = match (result, flight) {
            (Ok(take), Some(flight)) if take.granted < flight.count => {
                let denied = self.tier.one.share(&take, take.granted);
                let denial = Denial::new(&denied, flight.asked_at, now);
                (Landing::Taken(take), Outcome::Denied(denial))
            }
            (Ok(take), _) => (Landing::Taken(take), Outcome::Next),
            (Err(error), _) => {
                self.limiter.log.failed(now, self.limiter.on_failure, Some(&error));
                let timed_out = matches!(error, CacheError::Timeout { .. });
                (Landing::Failed { timed_out }, Outcome::Failed { timed_out })
            }
        };
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        self.limiter.takes.hand_on(&self.key, &outcome, now);
        let mut rank = 0;
        if let Stage::Leading { followers: Some((batch, place)), .. } = stage {
            rank = batch.rank(place);
            batch.land(landing);
        }
        self.decision(landing, rank)
    }

    /// What a follower got.
    fn share(&self, landing: Landing, rank: u64) -> Decision {
        if matches!(landing, Landing::Taken(_)) {
            Counting::add(&self.limiter.counting.coalesced);
        }
        self.decision(landing, rank)
    }

    fn decision(&self, landing: Landing, rank: u64) -> Decision {
        match landing {
            Landing::Taken(take) => Decision::Taken(self.tier.one.share(&take, rank)),
            Landing::Denied(denial) => Decision::Denied(denial),
            Landing::Failed { timed_out } => Decision::Failed { timed_out },
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let left = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Arriving | Stage::Done => return,
            Stage::Waiting { batch, place } => batch.leave(place),
            Stage::Leading { followers: Some((batch, _)), flight: Some(flight) } => {
                Counting::add(&self.limiter.counting.abandoned);
                if batch.drift(flight) { Left::Others } else { Left::Nobody }
            }
            // The take panicked.
            Stage::Leading { followers: Some((batch, _)), flight: None } => {
                batch.land(Landing::Failed { timed_out: false });
                Left::Nobody
            }
            Stage::Leading { followers: None, .. } => {
                Counting::add(&self.limiter.counting.abandoned);
                Left::Nobody
            }
        };
        match left {
            Left::Others => {}
            Left::Share => Counting::add(&self.limiter.counting.abandoned),
            Left::Nobody => {
                self.limiter.takes.hand_on(&self.key, &Outcome::Next, self.limiter.clock.now());
            }
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ticket").finish_non_exhaustive()
    }
}
