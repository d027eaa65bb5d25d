//! `GET /cache/keys`: one page of keys.

use axum::Json;
use axum::extract::State;
use cache::{Cursor, Glob, Page, PageRequest};
use serde::Serialize;

use crate::authorization::CacheRead;
use crate::cache_admin::details::KeyItem;
use crate::error::ApiError;
use crate::key_name::key_text;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// A page. The cursor is a text, `"0"` at the start and after the last page; a page may be empty without being the
/// last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListBody {
    keys: Vec<String>,
    items: Vec<KeyItem>,
    cursor: String,
    next_cursor: String,
    has_more: bool,
    count: usize,
    limit: usize,
    pattern: String,
    /// The scan began again at the start, and keys of earlier pages come again: the server was replaced.
    restarted: bool,
}

/// Keys that end between the scan and the look at them are left out.
pub(super) async fn handler(
    _authorized: CacheRead,
    State(state): State<ApiState>,
    parameters: Parameters,
) -> Result<Json<ListBody>, ApiError> {
    let request = page_request(&parameters)?;
    let keyspace = state.keyspace()?;
    let (page, summaries) = state
        .read(async {
            let page = keyspace.page(&request).await?;
            let summaries = keyspace.summaries(&page.keys).await?;
            Ok((page, summaries))
        })
        .await?;
    let Page { keys, cursor, restarted } = page;
    let existing = keys.iter().zip(&summaries).filter_map(|(key, summary)| Some((key, summary.as_ref()?)));
    let (keys, items): (Vec<_>, Vec<_>) =
        existing.map(|(key, summary)| (key_text(key), KeyItem::of(key, summary))).unzip();
    Ok(Json(ListBody {
        count: keys.len(),
        keys,
        items,
        has_more: !cursor.is_edge(),
        cursor: cursor.to_string(),
        next_cursor: cursor.to_string(),
        limit: request.limit,
        pattern: request.pattern.to_string(),
        restarted,
    }))
}

fn page_request(parameters: &Parameters) -> Result<PageRequest, ApiError> {
    let pattern = match parameters.text("pattern")? {
        Some(text) => {
            text.parse().map_err(|error: cache::GlobError| ApiError::parameter("pattern", error))?
        }
        None => Glob::everything(),
    };
    let cursor = match parameters.text("cursor")? {
        Some(text) => {
            text.parse().map_err(|error: cache::CursorError| ApiError::parameter("cursor", error))?
        }
        None => Cursor::START,
    };
    Ok(PageRequest { pattern, cursor, limit: parameters.limit()? })
}
