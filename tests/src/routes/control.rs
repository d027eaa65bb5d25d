//! What a test in another process asks for.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use cache::{Cache, CacheHandle};
use serde::Deserialize;
use serde_json::{Value, json};

use super::TestState;
use crate::key_source::Pace;
use crate::staged_keys::Commit;

/// `GET /test/executions`: of this process.
pub(super) async fn executions(State(state): State<TestState>) -> Json<Value> {
    let executions = &state.executions;
    Json(json!({
        "started": executions.started(),
        "finished": executions.finished(),
        "commits": state.commits.begun(),
    }))
}

/// `GET /test/round-trips`: none in the embedded cache.
pub(super) async fn round_trips(State(state): State<TestState>) -> String {
    let round_trips = match state.cache.get().map(CacheHandle::current) {
        Some(Ok(Cache::Valkey(valkey))) => valkey.counters().round_trips,
        _ => 0,
    };
    round_trips.to_string()
}

#[derive(Deserialize)]
pub(super) struct Wish {
    pace: PaceName,
    #[serde(default)]
    ms: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PaceName {
    After,
    Silent,
    Down,
}

/// `POST /test/source`
pub(super) async fn source(State(state): State<TestState>, Query(wish): Query<Wish>) -> Json<Value> {
    state.source.set_pace(match wish.pace {
        PaceName::After => Pace::After(Duration::from_millis(wish.ms)),
        PaceName::Silent => Pace::Silent,
        PaceName::Down => Pace::Down,
    });
    Json(json!({ "lookUps": state.source.look_ups() }))
}

#[derive(Deserialize)]
pub(super) struct CommitWish {
    commit: CommitName,
    #[serde(default)]
    ms: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommitName {
    After,
    EndBefore,
    EndAfter,
}

/// `POST /test/commits`
pub(super) async fn commits(State(state): State<TestState>, Query(wish): Query<CommitWish>) {
    state.commits.set(match wish.commit {
        CommitName::After => Commit::After(Duration::from_millis(wish.ms)),
        CommitName::EndBefore => Commit::EndBefore,
        CommitName::EndAfter => Commit::EndAfter,
    });
}
