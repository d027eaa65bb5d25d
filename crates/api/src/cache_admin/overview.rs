//! `GET /cache`: figures of the cache; with `?key=` one key.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cache::{NodeRole, Stats};

use crate::authorization::CacheRead;
use crate::cache_admin::details::KeyReport;
use crate::cache_admin::stats::StatsBody;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Answers 503 when no master answers; otherwise the answer names the nodes that do not.
#[utoipa::path(
    get,
    path = "/cache",
    tag = "cache",
    operation_id = "getCache",
    params(("key" = Option<String>, Query, description = "One key in place of the figures")),
    responses(
        (status = 200, description = "Figures of the cache", body = Value, example = json!({"mode": "single", "keys": 1204, "hitRatio": 0.9, "complete": true})),
        (status = 503, description = "No master answers", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:cache:read"])),
)]
pub(super) async fn handler(
    _authorized: CacheRead,
    State(state): State<ApiState>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    if let Some(key) = parameters.key()? {
        return Ok(Json(state.read(KeyReport::read(&state.keyspace()?, &key)).await?).into_response());
    }
    let stats = state.read(state.keyspace()?.stats()).await?;
    figures(stats).map(|body| Json(body).into_response())
}

/// Replicas alone are no cache: nothing can be written, and nobody counts the keys.
fn figures(stats: Stats) -> Result<StatsBody, ApiError> {
    let has_master = stats.nodes.iter().any(|node| node.role != NodeRole::Replica);
    if has_master { Ok(StatsBody::of(stats)) } else { Err(ApiError::Unreachable(stats.unreachable)) }
}

#[cfg(test)]
mod tests {
    use cache::{NodeStats, StatsTotals, Unreachable};

    use super::*;

    fn stats(roles: &[NodeRole]) -> Stats {
        let node = |role: &NodeRole| NodeStats {
            address: "h:1".to_owned(),
            role: *role,
            own_role: *role,
            slots: 0,
            keys: 0,
            used_memory_bytes: 0,
            max_memory_bytes: None,
            hits: 0,
            misses: 0,
            evictions: 0,
            expirations: 0,
            clients: 0,
            version: String::new(),
            clock_micros: None,
        };
        let away = |node: &str| Unreachable { node: node.to_owned(), reason: "no connection".to_owned() };
        Stats {
            mode: Some(cache::CacheMode::Cluster),
            nodes: roles.iter().map(node).collect(),
            totals: StatsTotals::default(),
            unreachable: vec![away("h:2"), away("h:3")],
        }
    }

    #[test]
    fn replicas_alone_are_no_cache() {
        for roles in [&[][..], &[NodeRole::Replica]] {
            let message = figures(stats(roles)).unwrap_err().public_message();
            assert!(message.contains("h:2") && message.contains("h:3"), "{message}");
        }
        let partly = figures(stats(&[NodeRole::Master, NodeRole::Replica])).unwrap();
        let json = serde_json::to_value(partly).unwrap();
        assert_eq!(json["complete"], false);
        assert_eq!(json["unreachable"].as_array().unwrap().len(), 2);
    }
}
