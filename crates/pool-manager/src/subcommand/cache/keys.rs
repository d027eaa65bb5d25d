//! `pool-manager cache keys`.

use api::KeyItem;
use cache::{Cursor, CursorError, MAX_PAGE, PageRequest};
use clap::Args;
use serde_json::json;

use super::{Target, pattern};
use crate::failure::Failure;
use crate::output;

/// Arguments of `cache keys`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Which keys, as a glob.
    #[arg(long, default_value = "*")]
    pattern: String,
    /// Where the last page ended.
    #[arg(long, default_value = "0")]
    cursor: String,
    /// About how many keys.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=MAX_PAGE as i64))]
    limit: u16,
}

pub(super) async fn run(target: &Target, arguments: &Arguments) -> Result<(), Failure> {
    let cursor: Cursor = arguments.cursor.parse().map_err(|error: CursorError| Failure::Argument {
        argument: "--cursor",
        reason: error.to_string(),
    })?;
    let request =
        PageRequest { pattern: pattern(&arguments.pattern)?, cursor, limit: usize::from(arguments.limit) };
    let page = target.keyspace.page(&request).await.map_err(Failure::CacheCommand)?;
    let summaries = target.keyspace.summaries(&page.keys).await.map_err(Failure::CacheCommand)?;
    for (key, summary) in page.keys.iter().zip(summaries) {
        // A key without a summary went away meanwhile.
        let Some(summary) = summary else { continue };
        output::json(&KeyItem::of(key, &summary));
    }
    output::json(
        &json!({"cursor": page.cursor.to_string(), "hasMore": !page.cursor.is_edge(), "restarted": page.restarted}),
    );
    Ok(())
}
