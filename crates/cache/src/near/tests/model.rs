//! Random interleavings of reads, changes, news and links, against what a caller may be told at most.

use std::collections::VecDeque;
use std::sync::Mutex;

use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Act {
    /// A caller asks.
    Call,
    /// The oldest load that did not read yet reads.
    Read,
    /// The load that read and stands at this place ends.
    End(usize),
    /// The record gets a new version; the news of it is on its way while the link is up, and lost otherwise.
    Change,
    /// The oldest news arrives.
    Tell,
    /// All that is held is dropped.
    Clear,
    LinkDown,
    LinkUp,
    Wait(u64),
    /// A look without a load.
    Look,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => Just(Act::Call),
        4 => Just(Act::Read),
        4 => (0..4_usize).prop_map(Act::End),
        3 => Just(Act::Change),
        3 => Just(Act::Tell),
        1 => Just(Act::Clear),
        1 => Just(Act::LinkDown),
        1 => Just(Act::LinkUp),
        2 => (1..700_u64).prop_map(Act::Wait),
        3 => Just(Act::Look),
    ];
    prop::collection::vec(act, 1..60)
}

/// The record, and the loads that are at it.
#[derive(Default)]
struct Source {
    version: u64,
    /// Loads that did not read yet.
    asked: VecDeque<oneshot::Sender<oneshot::Receiver<()>>>,
}

struct World {
    bench: Bench,
    source: Arc<Mutex<Source>>,
    /// Loads that read and did not end.
    read: Vec<oneshot::Sender<()>>,
    callers: Vec<JoinHandle<()>>,
    /// Versions whose news is on its way.
    news: VecDeque<u64>,
    /// The newest version of which this process knows that older ones are over.
    told: u64,
    is_up: bool,
    /// When each version came, in microseconds of the clock.
    since: Vec<u64>,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new(SETTINGS);
        let since = vec![bench.hub.now_micros()];
        Self {
            bench,
            source: Arc::default(),
            read: Vec::new(),
            callers: Vec::new(),
            news: VecDeque::new(),
            told: 0,
            is_up: true,
            since,
        }
    }

    /// The oldest version that may be told to somebody who asks now.
    fn oldest_right(&self) -> u64 {
        if self.is_up {
            return self.told;
        }
        let youngest = self.bench.hub.now_micros() - 1_000_000;
        let known_then = self.since.iter().rposition(|since| *since <= youngest);
        self.told.max(known_then.map_or(0, |version| version as u64))
    }

    fn call(&mut self) {
        let oldest_right = self.oldest_right();
        let (near, source) = (self.bench.near.clone(), Arc::clone(&self.source));
        self.callers.push(tokio::spawn(async move {
            let load = || async move {
                let (asked, may_read) = oneshot::channel();
                source.lock().unwrap().asked.push_back(asked);
                let may_end: oneshot::Receiver<()> = may_read.await.unwrap();
                let version = source.lock().unwrap().version;
                may_end.await.unwrap();
                Ok::<_, Never>(watched(Some(version)))
            };
            let answer = near.get_or_load(b"k:a", load).await.unwrap().unwrap();
            assert!(answer >= oldest_right, "{answer} was told, {oldest_right} was over");
        }));
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Call => self.call(),
            Act::Read => {
                let asked = self.source.lock().unwrap().asked.pop_front();
                if let Some(asked) = asked {
                    let (end, may_end) = oneshot::channel();
                    asked.send(may_end).unwrap();
                    self.read.push(end);
                }
            }
            Act::End(at) if !self.read.is_empty() => {
                let end = self.read.remove(at % self.read.len());
                end.send(()).unwrap();
            }
            Act::Change => {
                let version = {
                    let mut source = self.source.lock().unwrap();
                    source.version += 1;
                    source.version
                };
                self.since.push(self.bench.hub.now_micros());
                if self.is_up {
                    self.news.push_back(version);
                }
            }
            Act::Tell => {
                if let Some(version) = self.news.pop_front() {
                    self.bench.hub.invalidate(b"k:a");
                    self.told = self.told.max(version);
                }
            }
            Act::Clear => {
                self.bench.hub.clear();
                self.told = self.source.lock().unwrap().version;
            }
            Act::LinkDown => {
                self.bench.link_goes_down();
                self.news.clear();
                self.is_up = false;
            }
            Act::LinkUp => {
                self.bench.link_comes_up();
                self.news.clear();
                self.is_up = true;
                self.told = self.source.lock().unwrap().version;
            }
            Act::Wait(millis) => self.bench.clock.advance(Duration::from_millis(millis)),
            Act::Look => {
                if let Held::Fresh(version) = self.bench.get("k:a") {
                    let oldest_right = self.oldest_right();
                    assert!(version >= oldest_right, "{version} is held, {oldest_right} was over");
                }
            }
            Act::End(_) => {}
        }
        // Everybody goes on as far as they can; more often than a call has steps.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    async fn finish(mut self) {
        while self.callers.iter().any(|caller| !caller.is_finished()) {
            assert!(
                !self.read.is_empty() || !self.source.lock().unwrap().asked.is_empty(),
                "a caller waits for nothing"
            );
            self.act(Act::Read).await;
            self.act(Act::End(0)).await;
        }
        for caller in self.callers {
            caller.await.unwrap();
        }
        // Loads of nobody.
        let mut left = std::mem::take(&mut self.read);
        left.drain(..).for_each(|end| end.send(()).unwrap());
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.bench.near.running(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_told_what_is_known_to_be_over(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for act in acts {
                world.act(act).await;
            }
            world.finish().await;
        });
    }
}
