//! One call of a key, from its claim to its end, in a task of its own: the client going away stops nothing.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use cache::CacheError;
use domain::{BoxError, CommittedWrite, IdempotencyLedger};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower::Service;

use super::body::{Captured, Reserved, capture};
use super::claim::{Claim, Claimed, End};
use super::counters::Counting;
use super::keyed_write::{AlreadyCommitted, KeyedWrite};
use super::layer::Shared;
use super::record::{Record, State};
use super::refusal::{NotKept, Refusal};
use super::{X_IDEMPOTENCY_REPLAYED, layer};
use crate::cache_trouble::CacheTrouble;
use crate::error_chain::error_chain;

/// What a call comes to, for the one who waits for it.
pub(super) enum Outcome<B, E> {
    Answer(Response<B>),
    Refused(Refusal),
    Failed(E),
    Panicked(Box<dyn Any + Send>),
}

impl<B: From<Bytes>, E> Outcome<B, E> {
    /// The answer, or what the handler did instead, as if it had run in the task of the caller.
    pub(super) fn into_result(self, shared: &Shared) -> Result<Response<B>, E> {
        match self {
            Self::Answer(response) => Ok(response),
            Self::Refused(refusal) => Ok(shared.refuse(refusal)),
            Self::Failed(error) => Err(error),
            Self::Panicked(payload) => resume_unwind(payload),
        }
    }
}

/// A call of a key.
pub(super) struct Run<B, E> {
    shared: Arc<Shared>,
    write: KeyedWrite,
    claim: Claim,
    caller: oneshot::Sender<Outcome<B, E>>,
}

/// What the handler did.
enum Handled<B, E> {
    Answered(Captured<B>),
    /// An answer that is not kept: 5xx, or one that a repeat may find changed.
    NotFinal(Response<B>),
    AlreadyCommitted,
    Failed(E),
}

impl<B, E> Run<B, E>
where
    B: Body + From<Bytes>,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(
        shared: Arc<Shared>,
        write: KeyedWrite,
        caller: oneshot::Sender<Outcome<B, E>>,
    ) -> Self {
        let claim = Claim::new(shared.cache.clone(), write.clone(), shared.settings.lease);
        Self { shared, write, claim, caller }
    }

    /// Ends when nothing is left to do for the key, which may be after the caller has its answer. The room for the body of
    /// the request is free when the handler has ended.
    pub(super) async fn run<S, Q>(self, handler: S, request: Request<Q>, reserved: Reserved)
    where
        S: Service<Request<Q>, Response = Response<B>, Error = E>,
    {
        let claimed = match request.extensions().get::<CacheTrouble>() {
            None => self.claim.make().await,
            Some(CacheTrouble) => self.claim.make_after_trouble().await,
        };
        match claimed {
            Ok(Claimed::Ours) => {}
            Ok(Claimed::Standing(record)) => {
                let outcome = self.repeat(&record);
                return self.tell(outcome);
            }
            Err(error) => return self.unclaimed(error).await,
        }
        if let Some(ledger) = &self.shared.ledger {
            // The cache knows nothing of the key, which may be because it forgot.
            match self.look_up(ledger.as_ref()).await {
                Ok(None) => {}
                Ok(Some(committed)) => return self.adopt(committed).await,
                Err(refusal) => return self.give_up(Outcome::Refused(refusal)).await,
            }
        }
        match self.handle(handler, request, reserved).await {
            Ok(Handled::Answered(answer)) => self.answered(answer).await,
            Ok(Handled::NotFinal(response)) => self.give_up(Outcome::Answer(response)).await,
            Ok(Handled::AlreadyCommitted) => self.adopt_other().await,
            Ok(Handled::Failed(error)) => self.give_up(Outcome::Failed(error)).await,
            Err(stopped) => self.give_up(stopped).await,
        }
    }

    /// Runs the handler and renews the claim meanwhile.
    async fn handle<S, Q>(
        &self,
        mut handler: S,
        request: Request<Q>,
        reserved: Reserved,
    ) -> Result<Handled<B, E>, Outcome<B, E>>
    where
        S: Service<Request<Q>, Response = Response<B>, Error = E>,
    {
        Counting::add(&self.shared.counting.executed);
        let limit = self.shared.settings.max_answer_bytes;
        let handled = caught(async move {
            let _until_the_end = reserved;
            let response = match handler.call(request).await {
                Ok(response) => response,
                Err(error) => return Handled::Failed(error),
            };
            if response.extensions().get::<AlreadyCommitted>().is_some() {
                return Handled::AlreadyCommitted;
            }
            if !is_final(response.status()) {
                return Handled::NotFinal(response);
            }
            Handled::Answered(capture(response, limit).await)
        });
        tokio::select! {
            biased;
            handled = timeout(self.shared.settings.max_run, handled) => match handled {
                Ok(Ok(handled)) => Ok(handled),
                Ok(Err(payload)) => Err(Outcome::Panicked(payload)),
                Err(_elapsed) => Err(Outcome::Refused(Refusal::Unfinished)),
            },
            never = self.claim.keep() => match never {},
        }
    }

    /// What a call gets that met a claim or an answer.
    fn repeat(&self, record: &[u8]) -> Outcome<B, E> {
        let Some(record) = Record::read(record) else {
            tracing::warn!(write = ?self.write.key(), "what stands under the key of a write cannot be read");
            return Outcome::Refused(Refusal::NotReplayable);
        };
        if record.fingerprint != self.write.fingerprint().to_string() {
            return Outcome::Refused(Refusal::Reused);
        }
        match record.state {
            State::Processing => Outcome::Refused(Refusal::InProgress),
            State::Complete => self.replay(record.sealed_answer().as_deref()),
        }
    }

    /// The kept answer.
    fn replay(&self, sealed: Option<&[u8]>) -> Outcome<B, E> {
        let Some(mut answer) = sealed.and_then(|sealed| self.write.open(sealed)) else {
            return Outcome::Refused(Refusal::NotReplayable);
        };
        Counting::add(&self.shared.counting.replayed);
        answer.headers_mut().insert(X_IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        Outcome::Answer(answer.map(B::from))
    }

    async fn look_up(&self, ledger: &dyn IdempotencyLedger) -> Result<Option<CommittedWrite>, Refusal> {
        match timeout(self.shared.settings.ledger_time, ledger.find(self.write.key())).await {
            Ok(found) => found.map_err(Refusal::LedgerAway),
            Err(_elapsed) => Err(Refusal::LedgerSlow),
        }
    }

    /// The write was done, says the ledger: the cache learns it anew.
    async fn adopt(self, committed: CommittedWrite) {
        if committed.fingerprint != self.write.fingerprint() {
            return self.give_up(Outcome::Refused(Refusal::Reused)).await;
        }
        let sealed = committed.sealed_answer;
        let outcome = self.replay(sealed.as_deref());
        let ttl = match &outcome {
            Outcome::Answer(answer) => self.write.ttl_of(answer.status()),
            _ => self.write.ttl(),
        };
        let end = End { record: Record::complete(&self.write, sealed.as_deref()), ttl };
        drop(sealed);
        self.end(outcome, end).await;
    }

    /// The handler answered. Where it committed nothing, its answer may be about what another try of this very write has just
    /// done, such as that there is nothing left to do: the other's answer counts then.
    async fn answered(self, answer: Captured<B>) {
        if let Some(ledger) = self.shared.ledger.as_ref().filter(|_| !self.write.has_row()) {
            match self.look_up(ledger.as_ref()).await {
                Ok(None) => {}
                Ok(Some(committed)) => return self.adopt(committed).await,
                Err(refusal) => return self.give_up(Outcome::Refused(refusal)).await,
            }
        }
        let (outcome, end) = self.ending(answer);
        self.end(outcome, end).await;
    }

    /// The handler found that another call of the key was faster.
    async fn adopt_other(self) {
        let found = match &self.shared.ledger {
            Some(ledger) => self.look_up(ledger.as_ref()).await,
            None => Ok(None),
        };
        match found {
            Ok(Some(committed)) => self.adopt(committed).await,
            Ok(None) => self.give_up(Outcome::Refused(Refusal::LedgerForgot)).await,
            Err(refusal) => self.give_up(Outcome::Refused(refusal)).await,
        }
    }

    /// What the caller gets, and what is kept of it.
    fn ending(&self, answer: Captured<B>) -> (Outcome<B, E>, End) {
        let (outcome, sealed, ttl) = match answer {
            Captured::Whole(response) => {
                let sealed = self.write.seal(&response).map_err(NotKept);
                if let Err(error) = &sealed {
                    tracing::error!(cause = error_chain(error), "the answer of a write cannot be repeated");
                }
                let ttl = self.write.ttl_of(response.status());
                (Outcome::Answer(response.map(B::from)), sealed.ok(), ttl)
            }
            Captured::Passed(response) => {
                let ttl = self.write.ttl_of(response.status());
                (Outcome::Answer(response), None, ttl)
            }
            // The write was done: it must not be done again for want of an answer.
            Captured::Broken(error) => {
                (Outcome::Refused(Refusal::AnswerBroken(error)), None, self.write.ttl())
            }
        };
        (outcome, End { record: Record::complete(&self.write, sealed.as_deref()), ttl })
    }

    /// Puts the end in place of the claim and answers; the cache being away delays the former only.
    async fn end(self, outcome: Outcome<B, E>, mut end: End) {
        let mut completed = self.claim.complete(&end).await;
        if let Err(CacheError::Full { .. }) = completed {
            // Room for the answer may never come, and the fact alone is no larger than the claim.
            tracing::warn!(write = ?self.write.key(), "the cache has no room for the answer of a write");
            end.record = Record::complete(&self.write, None);
            completed = self.claim.complete(&end).await;
        }
        let Self { shared, write, claim, caller } = self;
        tell(caller, outcome);
        let Err(error) = completed else {
            return;
        };
        Counting::add(&shared.counting.kept_late);
        let cause = error_chain(&error);
        tracing::warn!(write = ?write.key(), cause, "the answer of a write is not kept yet");
        let reserved = layer::reserve(&shared.waiting_bytes, end.record.len());
        if reserved.is_none() {
            end.record = Record::complete(&write, None);
        }
        claim.complete_later(&end, error).await;
        drop(reserved);
    }

    /// Frees the key and answers.
    async fn give_up(self, outcome: Outcome<B, E>) {
        let released = self.claim.release().await;
        let Self { claim, caller, .. } = self;
        tell(caller, outcome);
        if let Err(error) = released {
            claim.release_later(error).await;
        }
    }

    /// The cache did not take the claim, or did not say so.
    async fn unclaimed(self, error: CacheError) {
        let is_perhaps_claimed = error.outcome_is_unknown();
        let Self { claim, caller, .. } = self;
        tell(caller, Outcome::Refused(Refusal::CacheAway(error)));
        if is_perhaps_claimed && let Err(error) = claim.release().await {
            claim.release_later(error).await;
        }
    }

    fn tell(self, outcome: Outcome<B, E>) {
        tell(self.caller, outcome);
    }
}

/// A caller that went away gets nothing.
fn tell<B, E>(caller: oneshot::Sender<Outcome<B, E>>, outcome: Outcome<B, E>) {
    drop(caller.send(outcome));
}

/// Whether a repeat is to get the same: not after a failure of ours (5xx), and not where waiting changes the answer (RFC 9110,
/// 15.5.9; RFC 8470, 5.2; RFC 6585, 4).
fn is_final(status: StatusCode) -> bool {
    !status.is_server_error()
        && !matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

/// Runs to the end or to a panic.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    // After a panic the future is not polled again, so nobody sees what it left half done.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}
