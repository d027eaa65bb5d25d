//! What is mounted beside the routes of the product.
//!
//! | Route | Behind | What it does |
//! |---|---|---|
//! | `GET /test/read` | all layers | answers a small JSON object |
//! | `GET /test/connections` | all layers, in the tier of services | the same |
//! | `POST`, `PUT`, `PATCH`, `DELETE /test/write` | all layers | counts itself and echoes its body |
//! | `GET /test/canned/{name}/connections` | all layers, in the tier of services | an answer that was put to `/test/canned/{name}` |
//! | `GET /test/open` | the layers of probes | as `/test/read` |
//! | `GET /test/executions` | the layers of probes | how often the write ran, and how many commits of service keys began |
//! | `GET /test/round-trips` | the layers of probes | how often this process waited for an answer of Valkey |
//! | `POST /test/commits?commit=after&ms=1000`, `end_before`, `end_after` | the layers of probes | what becomes of commits of service keys |
//! | `POST /test/source?pace=after&ms=1000`, `silent`, `down` | the layers of probes | slows or kills the key source |

mod canned;
mod control;
mod read;
mod write;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::routing::{get, post, put};
use cache::CacheHandle;
use pool_manager::MoreRoutes;

pub(crate) use canned::CannedAnswers;

use crate::key_source::KeySource;
use crate::staged_keys::Commits;

/// How often the write began and ended in this process. Clones are one.
#[derive(Clone, Default)]
pub struct Executions(Arc<Counts>);

#[derive(Default)]
struct Counts {
    started: AtomicU64,
    finished: AtomicU64,
}

impl Executions {
    /// How often the handler was entered.
    pub fn started(&self) -> u64 {
        self.0.started.load(Ordering::SeqCst)
    }

    /// How often it ended.
    pub fn finished(&self) -> u64 {
        self.0.finished.load(Ordering::SeqCst)
    }

    fn start(&self) -> u64 {
        self.0.started.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn finish(&self) {
        self.0.finished.fetch_add(1, Ordering::SeqCst);
    }
}

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct TestState {
    pub(crate) source: KeySource,
    pub(crate) executions: Executions,
    pub(crate) commits: Commits,
    pub(crate) canned: CannedAnswers,
    /// The service's cache, once it is built.
    pub(crate) cache: Arc<OnceLock<CacheHandle>>,
}

/// The routes, for [`pool_manager::Ports`].
pub(crate) fn more_routes(state: TestState) -> MoreRoutes {
    let writes = post(write::handler).put(write::handler).patch(write::handler).delete(write::handler);
    let for_callers = Router::new()
        .route("/test/read", get(read::handler))
        .route("/test/connections", get(read::handler))
        .route("/test/write", writes)
        .route("/test/canned/{name}/connections", get(canned::get))
        .with_state(state.clone());
    let open = Router::new()
        .route("/test/open", get(read::handler))
        .route("/test/executions", get(control::executions))
        .route("/test/round-trips", get(control::round_trips))
        .route("/test/canned/{name}", put(canned::put))
        .route("/test/source", post(control::source))
        .route("/test/commits", post(control::commits))
        .with_state(state);
    MoreRoutes { for_callers, open }
}

/// The read without any layer: what the layers are measured against.
pub fn bare_router() -> Router {
    Router::new().route("/test/read", get(read::handler))
}
