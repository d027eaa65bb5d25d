//! With a ledger, "once" outlives what the cache forgets.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{CommittedWrite, IdempotencyLedger, LedgerRow, LedgerUnavailable, WriteKey};

use super::*;

/// A store with one counter and the rows of its keyed writes, which change together.
#[derive(Default)]
struct Store {
    state: Mutex<State>,
    finds: AtomicUsize,
    trouble: Mutex<Trouble>,
}

#[derive(Default)]
struct State {
    counter: usize,
    rows: HashMap<WriteKey, LedgerRow>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Trouble {
    #[default]
    None,
    Away,
    Hung,
}

#[async_trait]
impl IdempotencyLedger for Store {
    async fn find(&self, key: &WriteKey) -> Result<Option<CommittedWrite>, LedgerUnavailable> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        let trouble = *self.trouble.lock().unwrap();
        match trouble {
            Trouble::None => Ok(self.state.lock().unwrap().rows.get(key).cloned().map(LedgerRow::committed)),
            Trouble::Away => Err(LedgerUnavailable { source: "connection refused".into() }),
            Trouble::Hung => std::future::pending().await,
        }
    }
}

impl Store {
    /// Counts up and answers with the count, in one transaction with the row of that answer.
    fn count_up(&self, write: &KeyedWrite) -> Response<Bytes> {
        let mut state = self.state.lock().unwrap();
        if state.rows.contains_key(write.key()) {
            let mut answer = Response::new(Bytes::new());
            answer.extensions_mut().insert(AlreadyCommitted);
            return answer;
        }
        let count = state.counter + 1;
        let answer = Response::builder().status(201).body(Bytes::from(format!("count {count}"))).unwrap();
        let row = write.row(&answer).unwrap();
        state.rows.insert(row.key.clone(), row);
        state.counter = count;
        answer
    }

    fn counter(&self) -> usize {
        self.state.lock().unwrap().counter
    }

    fn finds(&self) -> usize {
        self.finds.load(Ordering::SeqCst)
    }

    fn get_into(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = trouble;
    }
}

/// Two gates: before the commit and after it.
struct Counter {
    store: Arc<Store>,
    working: Working,
    started: Arc<AtomicUsize>,
    before: Arc<Semaphore>,
    after: Arc<Semaphore>,
}

impl Counter {
    fn new() -> Self {
        let store = Arc::new(Store::default());
        let Working { cache, layer } = Working::new();
        let layer = layer.ledger(store.clone());
        let open = || Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self {
            store,
            working: Working { cache, layer },
            started: Arc::default(),
            before: open(),
            after: open(),
        }
    }

    fn service(&self) -> Handler {
        let (store, started) = (Arc::clone(&self.store), Arc::clone(&self.started));
        let (before, after) = (Arc::clone(&self.before), Arc::clone(&self.after));
        behind(
            &self.working.layer,
            service_fn(move |request: Request<Full<Bytes>>| {
                let (store, before, after) = (Arc::clone(&store), Arc::clone(&before), Arc::clone(&after));
                started.fetch_add(1, Ordering::SeqCst);
                async move {
                    before.acquire().await.unwrap().forget();
                    let answer = store.count_up(request.extensions().get::<KeyedWrite>().unwrap());
                    after.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(answer.map(Full::from))
                }
            }),
        )
    }

    async fn forget(&self) {
        self.working.cache.del(&[PLACE.into()]).await.unwrap();
    }
}

#[tokio::test]
async fn it_is_asked_only_where_the_cache_knows_nothing() {
    let counter = Counter::new();
    let service = counter.service();
    assert_eq!(send(&service, write()).await.body(), "count 1");
    assert_eq!(send(&service, write()).await.body(), "count 1");
    assert_eq!((counter.store.finds(), counter.store.counter()), (1, 1));
}

#[tokio::test]
async fn a_flushed_cache_runs_no_write_twice() {
    let counter = Counter::new();
    let service = counter.service();
    let first = send(&service, write()).await;
    assert_replayed(&first, false);
    counter.forget().await;
    let again = send(&service, write()).await;
    assert_eq!((again.status(), again.body()), (first.status(), first.body()));
    assert_replayed(&again, true);
    // The cache knows it again.
    assert_eq!(counter.working.standing().await["state"], "complete");
    assert_replayed(&send(&service, write()).await, true);
    assert_eq!((counter.store.finds(), counter.store.counter()), (2, 1));

    counter.forget().await;
    let other = send(&service, request("POST", "/other", "order-17", "{}")).await;
    assert_refused(&other, StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSE");
    assert_eq!(counter.working.standing().await, serde_json::Value::Null);
}

#[tokio::test]
async fn a_cache_that_forgets_while_the_handler_runs_lets_one_of_two_commit() {
    let counter = Counter { before: Arc::new(Semaphore::new(0)), ..Counter::new() };
    let service = counter.service();
    let first = tokio::spawn(service.clone().oneshot(write()));
    until("the first runs", async || counter.started.load(Ordering::SeqCst) == 1).await;
    counter.forget().await;
    let second = tokio::spawn(service.clone().oneshot(write()));
    until("the second runs", async || counter.started.load(Ordering::SeqCst) == 2).await;
    counter.before.add_permits(2);
    let mut replays = 0;
    for call in [first, second] {
        let answer = whole(call.await.unwrap().unwrap()).await;
        assert_eq!((answer.status(), answer.body().as_ref()), (StatusCode::CREATED, b"count 1".as_slice()));
        replays += usize::from(answer.headers().contains_key("x-idempotency-replayed"));
    }
    assert_eq!((replays, counter.store.counter()), (1, 1));
    assert_eq!(send(&service, write()).await.body(), "count 1");
}

#[test]
fn a_process_that_dies_after_the_commit_has_done_the_write() {
    let counter = Counter { after: Arc::new(Semaphore::new(0)), ..Counter::new() };
    let service = counter.service();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dies = runtime();
    dies.block_on(async {
        let call = tokio::spawn(service.clone().oneshot(write()));
        until("it is committed", async || counter.store.counter() == 1).await;
        call.abort();
    });
    drop(dies);
    runtime().block_on(async {
        // What the end of the lease does, sooner.
        counter.forget().await;
        let answer = send(&service, write()).await;
        assert_eq!(answer.body(), "count 1");
        assert_replayed(&answer, true);
        assert_eq!(counter.started.load(Ordering::SeqCst), 1);
    });
}

#[tokio::test(start_paused = true)]
async fn without_its_answer_nothing_is_done() {
    for trouble in [Trouble::Away, Trouble::Hung] {
        let counter = Counter::new();
        let service = counter.service();
        counter.store.get_into(trouble);
        assert_unavailable(&send(&service, write()).await);
        assert_eq!(counter.started.load(Ordering::SeqCst), 0);
        assert_eq!(counter.working.standing().await, serde_json::Value::Null);
        counter.store.get_into(Trouble::None);
        assert_eq!(send(&service, write()).await.body(), "count 1");
    }
}

#[tokio::test]
async fn a_commit_that_cannot_be_read_back_is_no_answer() {
    for has_ledger in [true, false] {
        let store = Arc::new(Store::default());
        let Working { cache, mut layer } = Working::new();
        if has_ledger {
            layer = layer.ledger(store.clone());
        }
        let claims_so = service_fn(async |_: Request<Full<Bytes>>| {
            let mut answer = Response::new(Full::from("not the answer"));
            answer.extensions_mut().insert(AlreadyCommitted);
            Ok::<_, Infallible>(answer)
        });
        let service = behind(&layer, claims_so);
        assert_unavailable(&send(&service, write()).await);
        assert_eq!(Working { cache, layer }.standing().await, serde_json::Value::Null);
        assert_eq!(store.finds(), if has_ledger { 2 } else { 0 });
    }
}

#[tokio::test]
async fn a_row_holds_what_the_store_needs_and_shows_nothing() {
    let working =
        Working::with_settings(IdempotencySettings { max_answer_bytes: 8, ..IdempotencySettings::default() });
    let rows = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&rows);
    let handler = service_fn(move |request: Request<Full<Bytes>>| {
        let write = request.extensions().get::<KeyedWrite>().unwrap();
        for body in ["12345678", "123456789"] {
            kept.lock().unwrap().push(write.row(&Response::new(body)).unwrap());
        }
        let refused = Response::builder().status(404).body("gone").unwrap();
        kept.lock().unwrap().push(write.row(&refused).unwrap());
        std::future::ready(Ok::<_, Infallible>(Response::new(Full::from(write.owner().to_string()))))
    });
    let mut request = write();
    request.headers_mut().insert("x-ttl", "600".parse().unwrap());
    let owner = send(&behind(&working.layer, handler), request).await;
    let rows = rows.lock().unwrap();
    let [small, large, refused] = rows.as_slice() else {
        panic!("{rows:?}");
    };
    assert_eq!(small.key.cache_key().as_bytes(), PLACE);
    assert_eq!(owner.body(), small.owner.to_string().as_bytes());
    assert_eq!((small.ttl, small.fingerprint), (Duration::from_secs(600), large.fingerprint));
    assert_eq!((large.ttl, refused.ttl), (Duration::from_secs(600), Duration::from_secs(300)));
    assert_eq!(small.fingerprint, domain::Fingerprint::of_request("POST", "/orders", "", b"{}"));
    assert!(!small.sealed_answer.as_ref().unwrap().windows(8).any(|window| window == b"12345678"));
    assert_eq!(large.sealed_answer, None);
    assert!(!format!("{small:?}").contains("order-17"));
}
