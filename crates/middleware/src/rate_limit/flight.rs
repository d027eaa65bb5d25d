//! Requests of one key that are taken together: who they are, who of them asks the cache, and what came of it.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use cache::{CacheError, Take};

use super::denial::Denial;

/// How many requests of one key may wait. Those after them are denied.
const MAX_WAITING: usize = 4_096;

/// A take that was asked of the cache. It belongs to the request that leads; when that one goes away another goes on
/// with it, so that what was taken for the others is not lost.
pub(super) struct Flight {
    pub(super) take: Pin<Box<dyn Future<Output = Result<Take, CacheError>> + Send>>,
    /// How many it asks for.
    pub(super) count: u64,
    /// Of the steady clock.
    pub(super) asked_at: Duration,
}

/// What came of a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    /// The cache decided for all of them.
    Taken(Take),
    /// Nothing was asked: the denial of those before them holds for them too.
    Denied(Denial),
    /// The cache did not decide.
    Failed {
        /// Whether the time was spent that a request may wait for it.
        timed_out: bool,
    },
}

/// The requests that wait while a take of their key is in flight, in the order in which they came. Each is known by its
/// place.
pub(super) struct Batch(Mutex<State>);

struct State {
    /// By place; `None` for who went away, leads or was answered.
    waiting: Vec<Option<Waker>>,
    /// The places of those that went away before anything was asked for them.
    gone: Vec<usize>,
    stage: Stage,
}

enum Stage {
    /// Waits for the take before it; more may join.
    Gathering,
    /// The same, but the one at this place was woken to lead.
    Called(usize),
    /// Its take is in flight.
    Flying,
    /// The leader went away; the one at this place was woken to go on with the take.
    Adrift(Flight, usize),
    /// Over.
    Landed(Landing),
}

/// What a waiting request does next.
pub(super) enum Step {
    /// It goes on waiting.
    Wait,
    /// It asks for all that gathered.
    Lead,
    /// It goes on with a take of which the leader went away.
    Resume(Flight),
    /// The take is over. Of those that it was for, the request is the one at this place.
    Landed(Landing, u64),
}

/// What is left to do when a request went away.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: others see to the rest.
    Others,
    /// Nothing; what was taken for it is lost.
    Share,
    /// Nobody is left: the key's turn must be handed on.
    Nobody,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { waiting: Vec::new(), gone: Vec::new(), stage: Stage::Gathering }))
    }

    /// One more, woken by `waker`. Returns its place; `None` when there are too many.
    pub(super) fn join(&self, waker: &Waker) -> Option<usize> {
        let mut state = self.lock();
        let place = state.waiting.len();
        if place >= MAX_WAITING {
            return None;
        }
        state.waiting.push(Some(waker.clone()));
        Some(place)
    }

    /// Chooses the first that still waits to lead. Returns what wakes it; `None` when nobody waits.
    pub(super) fn call(&self) -> Option<Waker> {
        let mut state = self.lock();
        let (place, waker) = state.first()?;
        state.stage = Stage::Called(place);
        Some(waker)
    }

    /// What the request at this place does now; it is woken by `waker` when there is more.
    pub(super) fn step(&self, place: usize, waker: &Waker) -> Step {
        let mut state = self.lock();
        match &state.stage {
            Stage::Landed(landing) => return Step::Landed(*landing, state.rank(place)),
            Stage::Called(called) if *called == place => return Step::Lead,
            Stage::Adrift(_, called) if *called == place => {
                if let Stage::Adrift(flight, _) = std::mem::replace(&mut state.stage, Stage::Flying) {
                    state.waiting[place] = None;
                    return Step::Resume(flight);
                }
            }
            Stage::Gathering | Stage::Called(_) | Stage::Flying | Stage::Adrift(..) => {}
        }
        match &mut state.waiting[place] {
            Some(known) if known.will_wake(waker) => {}
            known => *known = Some(waker.clone()),
        }
        Step::Wait
    }

    /// The one at this place leads from now on, and nobody joins any more. Returns for how many it asks.
    pub(super) fn launch(&self, place: usize) -> u64 {
        let mut state = self.lock();
        state.stage = Stage::Flying;
        state.waiting[place] = None;
        (state.waiting.len() - state.gone.len()) as u64
    }

    /// The place of a request among those that were asked for.
    pub(super) fn rank(&self, place: usize) -> u64 {
        self.lock().rank(place)
    }

    /// The take is over: wakes all that wait.
    pub(super) fn land(&self, landing: Landing) {
        let mut state = self.lock();
        state.stage = Stage::Landed(landing);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// The one at this place, which does not lead, goes away.
    pub(super) fn leave(&self, place: usize) -> Left {
        let mut state = self.lock();
        if let Some(waker) = state.waiting.get_mut(place) {
            *waker = None;
        }
        match &state.stage {
            Stage::Landed(Landing::Taken(take)) if state.rank(place) < take.granted => return Left::Share,
            Stage::Landed(_) => return Left::Others,
            Stage::Flying => return Left::Share,
            Stage::Gathering => {
                state.gone.push(place);
                return Left::Others;
            }
            Stage::Called(called) => {
                let was_called = *called == place;
                state.gone.push(place);
                // Who is called in its stead is chosen where nobody can join meanwhile.
                return if was_called { Left::Nobody } else { Left::Others };
            }
            Stage::Adrift(_, called) if *called != place => return Left::Share,
            Stage::Adrift(..) => {}
        }
        match std::mem::replace(&mut state.stage, Stage::Flying) {
            Stage::Adrift(flight, _) => {
                let next = state.drift(flight);
                drop(state);
                next.map_or(Left::Nobody, |waker| {
                    waker.wake();
                    Left::Share
                })
            }
            _ => Left::Others,
        }
    }

    /// The leader goes away and leaves its take. Whether somebody goes on with it.
    pub(super) fn drift(&self, flight: Flight) -> bool {
        let next = self.lock().drift(flight);
        next.map(Waker::wake).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before anything that can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn first(&self) -> Option<(usize, Waker)> {
        self.waiting.iter().enumerate().find_map(|(place, waker)| Some((place, waker.clone()?)))
    }

    fn rank(&self, place: usize) -> u64 {
        (place - self.gone.iter().filter(|gone| **gone < place).count()) as u64
    }

    /// Gives the take to the first that waits. Returns what wakes it.
    fn drift(&mut self, flight: Flight) -> Option<Waker> {
        let (place, waker) = self.first()?;
        self.stage = Stage::Adrift(flight, place);
        Some(waker)
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flight").field("count", &self.count).finish_non_exhaustive()
    }
}
