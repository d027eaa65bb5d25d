//! Sixty-four connections that read connections of tenants and register tenants, and never rest for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::samples::{Sample, Samples};
use super::service::{client, got, request};
use crate::support::PATIENCE;

const CONNECTIONS: usize = 64;
/// Whose connections are read.
const TENANTS: usize = 16;
/// How long a connection rests between two requests: all of them meet every fault, and a machine of two cores, of which
/// the servers and another test take their part, measures the service and not its own queue.
const REST: Duration = Duration::from_millis(150);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Read,
    Write,
    KeyedWrite,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Read, Self::Write, Self::KeyedWrite];
}

/// Whether a caller may use an idempotency key.
pub(crate) type Liking = dyn Fn(usize, &str) -> bool + Send + Sync;

/// Who asks, and under which idempotency keys.
#[derive(Clone)]
pub(crate) struct Plan {
    /// The numbers of their API keys.
    pub(crate) callers: Vec<usize>,
    /// Whether a caller may use this idempotency key. It is asked until it likes one.
    pub(crate) likes: Arc<Liking>,
}

impl Plan {
    /// These callers with any idempotency key.
    pub(crate) fn of(callers: impl IntoIterator<Item = usize>) -> Self {
        Self { callers: callers.into_iter().collect(), likes: Arc::new(|_, _| true) }
    }
}

/// A running load; it ends when it is dropped.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    answers: Arc<AtomicU64>,
    connections: JoinSet<Vec<Sample>>,
}

impl Load {
    /// Registers what is read and starts asking the service at `base`: reads, writes and keyed writes, each connection for one
    /// caller after the other.
    pub(crate) async fn start(base: &str, plan: &Plan) -> Self {
        let reads: Arc<[String]> = registered(base, plan.callers[0]).await.into();
        let (stop, stopped) = watch::channel(false);
        let answers = Arc::new(AtomicU64::new(0));
        let askers = (0..CONNECTIONS).map(|number| {
            let asker = Asker {
                base: base.to_owned(),
                plan: plan.clone(),
                reads: Arc::clone(&reads),
                number,
                stopped: stopped.clone(),
                answers: Arc::clone(&answers),
            };
            asker.run()
        });
        Self { connections: askers.collect(), stop, answers }
    }

    /// Waits until this many more answers came.
    pub(crate) async fn answers(&self, more: u64) {
        let until = self.answers.load(Ordering::SeqCst) + more;
        testkit::wait_until("answers", PATIENCE, async || self.answers.load(Ordering::SeqCst) >= until).await;
    }

    /// Ends it and gives what was answered.
    pub(crate) async fn stop(self) -> Samples {
        self.stop.send_replace(true);
        Samples::new(self.connections.join_all().await.concat())
    }
}

struct Asker {
    base: String,
    plan: Plan,
    /// Paths of connections.
    reads: Arc<[String]>,
    number: usize,
    stopped: watch::Receiver<bool>,
    answers: Arc<AtomicU64>,
}

impl Asker {
    async fn run(mut self) -> Vec<Sample> {
        let client = client(self.number);
        let mut samples = Vec::new();
        for turn in self.number.. {
            let caller = self.plan.callers[turn % self.plan.callers.len()];
            // Not in step with the callers, so that each of them asks for everything.
            let kind = Kind::ALL[(turn / self.plan.callers.len() + self.number) % 3];
            let mut asked = match kind {
                Kind::Read => {
                    let path = &self.reads[turn % self.reads.len()];
                    request(&client, &self.base, Method::GET, path, caller)
                }
                Kind::Write | Kind::KeyedWrite => {
                    let body = new_tenant(&format!("load-{}-{turn}", self.number));
                    request(&client, &self.base, Method::POST, "/v1/tenants", caller).json(&body)
                }
            };
            if kind == Kind::KeyedWrite {
                asked = asked.header("X-Idempotency", self.idempotency_key(caller, turn));
            }
            let sent = Instant::now();
            let answer = got(asked).await;
            samples.push(Sample {
                kind,
                sent,
                took: answer.took,
                status: answer.status,
                rung: answer.rung,
                code: answer.body["code"].as_str().unwrap_or_default().to_owned(),
            });
            self.answers.fetch_add(1, Ordering::SeqCst);
            // Either it is time for the next one, or for none.
            let stopped = tokio::time::timeout(REST, self.stopped.wait_for(|stopped| *stopped)).await;
            if stopped.is_ok() {
                break;
            }
        }
        samples
    }

    fn idempotency_key(&self, caller: usize, turn: usize) -> String {
        let mut keys = (0_u32..).map(|attempt| format!("load-{}-{turn}-{attempt}", self.number));
        keys.find(|key| (self.plan.likes)(caller, key)).expect("there are keys enough")
    }
}

/// The paths of the connections of some tenants to a service.
async fn registered(base: &str, caller: usize) -> Vec<String> {
    let client = client(0);
    let post = async |path: &str, body: Value| {
        let answer = got(request(&client, base, Method::POST, path, caller).json(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body
    };
    let modules = json!([{ "name": "onboarding", "resources": ["mongodb"] }]);
    post("/v1/services", json!({ "name": "ledger", "modules": modules })).await;
    let mut paths = Vec::new();
    for number in 0..TENANTS {
        let tenant = post("/v1/tenants", new_tenant(&format!("read-{number}"))).await;
        let id = tenant["id"].as_str().expect("the id of a tenant");
        let association = format!("/v1/tenants/{id}/associations/ledger");
        let mongodb = json!({ "uri": "mongodb://localhost/", "database": "bank", "password": "a password" });
        post(&association, json!({ "modules": { "onboarding": { "mongodb": mongodb } } })).await;
        paths.push(format!("{association}/connections"));
    }
    paths
}

fn new_tenant(slug: &str) -> Value {
    json!({ "name": slug, "slug": slug, "environment": "staging", "owner": { "email": "ana@example.com" } })
}
