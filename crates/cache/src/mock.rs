//! A cache of scripted answers, for unit tests of what calls a cache.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::client::CacheClient;
use crate::error::CacheError;
use crate::steps::{
    DeleteIfEqual, Expiry, Fill, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
};

/// A cache that answers what it was told to and remembers what it was asked. It stores nothing: without a script
/// `get` is a miss, `exists` is 0, and everything that writes succeeds.
///
/// Several answers for one key are given one after another; the last one stays.
///
/// ```
/// # use cache::{CacheClient, CacheError, MockCache, MockCall};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let cache = MockCache::new().on_get(b"apikey:sha256:abc123", Ok(r#"{"valid":true}"#.into()));
///
/// assert_eq!(cache.get(b"apikey:sha256:abc123").await.unwrap(), r#"{"valid":true}"#);
/// assert_eq!(cache.get(b"apikey:sha256:other").await, Err(CacheError::Miss));
/// assert_eq!(cache.calls()[1], MockCall::Get { key: "apikey:sha256:other".into() });
/// # }
/// ```
#[derive(Default)]
pub struct MockCache {
    state: Mutex<State>,
    holds_takes: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    calls: Vec<MockCall>,
    failure: Option<CacheError>,
    get: Script<Bytes>,
    incr: Script<i64>,
    expire: Script<bool>,
    set_if_absent: Script<SetIfAbsent>,
    replace_if_equal: Script<ReplaceIfEqual>,
    delete_if_equal: Script<DeleteIfEqual>,
    set_if_newer: Script<SetIfNewer>,
    lease: Script<Lease>,
    fill: Script<Fill>,
    invalidate: Script<()>,
    take: Script<Take>,
}

/// One call that a [`MockCache`] was asked; the fields are the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after the method and its arguments")]
pub enum MockCall {
    Get { key: Bytes },
    Set { key: Bytes, value: Bytes, expiry: Expiry },
    Del { keys: Vec<Bytes> },
    Exists { keys: Vec<Bytes> },
    Incr { key: Bytes },
    Expire { key: Bytes, ttl: Duration },
    Ping,
    SetIfAbsent { key: Bytes, value: Bytes, expiry: Expiry },
    ReplaceIfEqual { key: Bytes, expected: Bytes, value: Bytes, expiry: Expiry },
    DeleteIfEqual { key: Bytes, expected: Bytes },
    SetIfNewer { key: Bytes, version: u64, value: Bytes, expiry: Expiry },
    Lease { key: Bytes, token: Bytes, ttl: Duration },
    Fill { key: Bytes, token: Bytes, version: u64, value: Bytes, expiry: Expiry },
    Invalidate { key: Bytes, version: u64, ttl: Duration },
    Take { key: Bytes, request: TakeRequest },
    Close,
}

/// The answers of one operation, by key.
struct Script<T>(HashMap<Bytes, VecDeque<Result<T, CacheError>>>);

impl<T> Default for Script<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Script<T> {
    fn add(&mut self, key: &[u8], answer: Result<T, CacheError>) {
        self.0.entry(Bytes::copy_from_slice(key)).or_default().push_back(answer);
    }

    fn next(&mut self, key: &[u8]) -> Option<Result<T, CacheError>> {
        let answers = self.0.get_mut(key)?;
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
    }
}

/// The builder methods that script an operation.
macro_rules! scripted {
    ($($(#[$doc:meta])* $method:ident: $field:ident -> $answer:ty;)*) => {
        impl MockCache {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(self, key: &[u8], answer: Result<$answer, CacheError>) -> Self {
                self.lock().$field.add(key, answer);
                self
            })*
        }
    };
}

scripted! {
    /// Answers `get` of `key`.
    on_get: get -> Bytes;
    /// Answers `incr` of `key`; 1 without a script.
    on_incr: incr -> i64;
    /// Answers `expire` of `key`; `true` without a script.
    on_expire: expire -> bool;
    /// Answers `set_if_absent` of `key`; stored without a script.
    on_set_if_absent: set_if_absent -> SetIfAbsent;
    /// Answers `replace_if_equal` of `key`; replaced without a script.
    on_replace_if_equal: replace_if_equal -> ReplaceIfEqual;
    /// Answers `delete_if_equal` of `key`; deleted without a script.
    on_delete_if_equal: delete_if_equal -> DeleteIfEqual;
    /// Answers `set_if_newer` of `key`; stored without a script.
    on_set_if_newer: set_if_newer -> SetIfNewer;
    /// Answers `lease` of `key`; granted without a script.
    on_lease: lease -> Lease;
    /// Answers `fill` of `key`; stored without a script.
    on_fill: fill -> Fill;
    /// Answers `invalidate` of `key`; done without a script.
    on_invalidate: invalidate -> ();
    /// Answers `take` of `key`; granted whole, as by a limit that was not used before, without a script.
    on_take: take -> Take;
}

impl MockCache {
    /// A mock without a script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call with this error, whatever else was scripted.
    #[must_use]
    pub fn failing_with(self, error: CacheError) -> Self {
        self.fail(Some(error));
        self
    }

    /// From now on answers every call with this error, or, with `None`, by the script again.
    pub fn fail(&self, error: Option<CacheError>) {
        self.lock().failure = error;
    }

    /// From now on keeps every `take` waiting, after it was remembered and before it is answered, or, with `false`, answers
    /// those that wait and all others again.
    pub fn hold_takes(&self, hold: bool) {
        self.holds_takes.send_replace(hold);
    }

    /// What was asked so far, oldest first.
    pub fn calls(&self) -> Vec<MockCall> {
        self.lock().calls.clone()
    }

    /// Remembers the call, then answers it: by the failure, by the script, or with `otherwise`.
    fn answer<T>(
        &self,
        call: MockCall,
        script: impl FnOnce(&mut State) -> Option<Result<T, CacheError>>,
        otherwise: Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let mut state = self.lock();
        state.calls.push(call);
        match &state.failure {
            Some(error) => Err(error.clone()),
            None => script(&mut state).unwrap_or(otherwise),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

impl CacheClient for MockCache {
    async fn get(&self, key: &[u8]) -> Result<Bytes, CacheError> {
        self.answer(MockCall::Get { key: copy(key) }, |state| state.get.next(key), Err(CacheError::Miss))
    }

    async fn set(&self, key: &[u8], value: Bytes, expiry: Expiry) -> Result<(), CacheError> {
        self.answer(MockCall::Set { key: copy(key), value, expiry }, |_| None, Ok(()))
    }

    async fn del(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.answer(MockCall::Del { keys: keys.to_vec() }, |_| None, Ok(keys.len() as u64))
    }

    async fn exists(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.answer(MockCall::Exists { keys: keys.to_vec() }, |_| None, Ok(0))
    }

    async fn incr(&self, key: &[u8]) -> Result<i64, CacheError> {
        self.answer(MockCall::Incr { key: copy(key) }, |state| state.incr.next(key), Ok(1))
    }

    async fn expire(&self, key: &[u8], ttl: Duration) -> Result<bool, CacheError> {
        self.answer(MockCall::Expire { key: copy(key), ttl }, |state| state.expire.next(key), Ok(true))
    }

    async fn ping(&self) -> Result<(), CacheError> {
        self.answer(MockCall::Ping, |_| None, Ok(()))
    }

    async fn set_if_absent(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfAbsent, CacheError> {
        let call = MockCall::SetIfAbsent { key: copy(key), value, expiry };
        self.answer(call, |state| state.set_if_absent.next(key), Ok(SetIfAbsent::Stored))
    }

    async fn replace_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<ReplaceIfEqual, CacheError> {
        let call = MockCall::ReplaceIfEqual { key: copy(key), expected, value, expiry };
        self.answer(call, |state| state.replace_if_equal.next(key), Ok(ReplaceIfEqual::Replaced))
    }

    async fn delete_if_equal(&self, key: &[u8], expected: Bytes) -> Result<DeleteIfEqual, CacheError> {
        let call = MockCall::DeleteIfEqual { key: copy(key), expected };
        self.answer(call, |state| state.delete_if_equal.next(key), Ok(DeleteIfEqual::Deleted))
    }

    async fn set_if_newer(
        &self,
        key: &[u8],
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfNewer, CacheError> {
        let call = MockCall::SetIfNewer { key: copy(key), version, value, expiry };
        self.answer(call, |state| state.set_if_newer.next(key), Ok(SetIfNewer::Stored))
    }

    async fn lease(&self, key: &[u8], token: Bytes, ttl: Duration) -> Result<Lease, CacheError> {
        let call = MockCall::Lease { key: copy(key), token, ttl };
        self.answer(call, |state| state.lease.next(key), Ok(Lease::Granted))
    }

    async fn fill(
        &self,
        key: &[u8],
        token: Bytes,
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<Fill, CacheError> {
        let call = MockCall::Fill { key: copy(key), token, version, value, expiry };
        self.answer(call, |state| state.fill.next(key), Ok(Fill::Stored))
    }

    async fn invalidate(&self, key: &[u8], version: u64, ttl: Duration) -> Result<(), CacheError> {
        let call = MockCall::Invalidate { key: copy(key), version, ttl };
        self.answer(call, |state| state.invalidate.next(key), Ok(()))
    }

    async fn take(&self, key: &[u8], request: TakeRequest) -> Result<Take, CacheError> {
        self.lock().calls.push(MockCall::Take { key: copy(key), request });
        // The sender lives as long as this.
        let _ = self.holds_takes.subscribe().wait_for(|holds| !holds).await;
        let whole = crate::gcra::decide(0, None, request).0;
        let mut state = self.lock();
        match &state.failure {
            Some(error) => Err(error.clone()),
            None => state.take.next(key).unwrap_or(Ok(whole)),
        }
    }

    async fn close(&self) {
        let mut state = self.lock();
        state.calls.push(MockCall::Close);
        state.failure = Some(CacheError::Closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::Grant;

    #[tokio::test]
    async fn answers_come_in_order_and_the_last_one_stays() {
        let cache = MockCache::new().on_incr(b"n", Ok(7)).on_incr(b"n", Err(CacheError::WrongType));
        assert_eq!(cache.incr(b"n").await, Ok(7));
        for _ in 0..2 {
            assert_eq!(cache.incr(b"n").await, Err(CacheError::WrongType));
        }
    }

    #[tokio::test]
    async fn a_failing_mock_remembers_and_recovers() {
        let cut = CacheError::Interrupted { node: "localhost:6379".to_owned() };
        let cache = MockCache::new().failing_with(cut.clone());
        assert_eq!(cache.set(b"k", "v".into(), Expiry::Never).await, Err(cut));
        cache.fail(None);
        assert_eq!(cache.get(b"k").await, Err(CacheError::Miss));
        let set = MockCall::Set { key: "k".into(), value: "v".into(), expiry: Expiry::Never };
        assert_eq!(cache.calls(), [set, MockCall::Get { key: "k".into() }]);
        cache.close().await;
        assert_eq!(cache.get(b"k").await, Err(CacheError::Closed));
    }

    #[tokio::test]
    async fn a_held_take_is_remembered_and_waits() {
        let cache = MockCache::new();
        cache.hold_takes(true);
        let request = TakeRequest::new(5, Duration::from_secs(5)).unwrap();
        let mut take = std::pin::pin!(cache.take(b"limit", request));
        assert!(futures::poll!(take.as_mut()).is_pending());
        assert_eq!(cache.calls(), [MockCall::Take { key: "limit".into(), request }]);
        cache.hold_takes(false);
        assert_eq!(take.await.unwrap().granted, 1);
    }

    #[tokio::test]
    async fn an_unscripted_take_is_granted_by_an_unused_limit() {
        let request = TakeRequest::new(5, Duration::from_secs(5)).unwrap().cost(2, Grant::AllOrNothing);
        let take = MockCache::new().take(b"limit", request).await.unwrap();
        assert_eq!((take.granted, take.remaining), (2, 3));
    }
}
