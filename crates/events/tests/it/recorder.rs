//! A target that notes what it gets, and does not take everything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use events::{Message, PublishError, Target};

#[derive(Clone)]
pub(crate) struct Recorder {
    name: &'static str,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    got: Vec<(String, u64)>,
    sequences: Vec<u64>,
    is_away: bool,
    hangs: bool,
    refuses: Option<u64>,
    refusals: u32,
}

impl Recorder {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, state: Arc::default() }
    }

    /// Tenant and version of each message, in the order they came.
    pub(crate) fn got(&self) -> Vec<(String, u64)> {
        self.state.lock().unwrap().got.clone()
    }

    pub(crate) fn sequences(&self) -> Vec<u64> {
        self.state.lock().unwrap().sequences.clone()
    }

    pub(crate) fn set_away(&self, is_away: bool) {
        self.state.lock().unwrap().is_away = is_away;
    }

    pub(crate) fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    pub(crate) fn refuse(&self, sequence: u64) {
        self.state.lock().unwrap().refuses = Some(sequence);
    }

    pub(crate) fn refusals(&self) -> u32 {
        self.state.lock().unwrap().refusals
    }

    pub(crate) async fn wait_for(&self, number: usize) -> Vec<(String, u64)> {
        for _try in 0..500 {
            let got = self.got();
            if got.len() >= number {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} got {:?} and no more", self.name, self.got());
    }
}

#[async_trait]
impl Target for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        if self.state.lock().unwrap().hangs {
            std::future::pending::<()>().await;
        }
        let mut state = self.state.lock().unwrap();
        let answers = messages.iter().map(|message| {
            if state.is_away {
                return Err(PublishError::Unavailable("it is away".into()));
            }
            if state.refuses == Some(message.sequence) {
                state.refusals += 1;
                return Err(PublishError::Refused("it is too large".into()));
            }
            let body: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
            let tenant = body["tenant_slug"].as_str().unwrap().to_owned();
            state.got.push((tenant, body["tenant_version"].as_u64().unwrap()));
            state.sequences.push(message.sequence);
            Ok(())
        });
        answers.collect()
    }
}
