//! `GET /cache/keys`: one page of keys.

use axum::Json;
use axum::extract::State;
use cache::{Cursor, Glob, Page, PageRequest};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::authorization::CacheRead;
use crate::cache_admin::details::KeyItem;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::state::ApiState;

/// A page. The cursor is a text, `"0"` at the start and after the last page; a page may be empty without being the
/// last.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListBody {
    #[serde(flatten)]
    items: Items,
    cursor: String,
    next_cursor: String,
    has_more: bool,
    count: usize,
    limit: usize,
    pattern: String,
    /// The scan began again at the start, and keys of earlier pages come again: the server was replaced.
    restarted: bool,
}

/// The keys as `items`, and their names alone as `keys`. Each name is built once.
#[derive(Debug)]
struct Items(Vec<KeyItem>);

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<_> = self.0.iter().map(KeyItem::label).collect();
        let mut fields = serializer.serialize_map(Some(2))?;
        fields.serialize_entry("keys", &names)?;
        fields.serialize_entry("items", &self.0)?;
        fields.end()
    }
}

/// Keys that end between the scan and the look at them are left out.
#[utoipa::path(
    get,
    path = "/cache/keys",
    tag = "cache",
    operation_id = "listCacheKeys",
    params(
        ("pattern" = Option<String>, Query, description = "Valkey glob; everything where there is none"),
        ("cursor" = Option<String>, Query, description = "`cursor` of the page before; `0` at the start"),
        ("limit" = Option<usize>, Query, description = "1 to 200, 20 where there is none"),
    ),
    responses(
        (status = 200, description = "A page; the last has the cursor `0`", body = Value, example = json!({"keys": ["ratelimit:default:key-1"], "cursor": "0", "hasMore": false, "count": 1, "limit": 20})),
        (status = 400, description = "A parameter is wrong", body = crate::openapi::ErrorOut),
    ),
    security(("apiKey" = ["backoffice:tm:cache:read"])),
)]
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
    let items: Vec<_> = existing.map(|(key, summary)| KeyItem::of(key, summary)).collect();
    Ok(Json(ListBody {
        count: items.len(),
        items: Items(items),
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
