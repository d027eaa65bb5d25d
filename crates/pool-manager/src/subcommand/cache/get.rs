//! `pool-manager cache get`.

use api::{ttl_seconds, value_preview};
use clap::Args;
use serde_json::json;

use super::Target;
use crate::failure::Failure;
use crate::output;

/// Arguments of `cache get`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The key.
    key: String,
}

pub(super) async fn run(target: &Target, arguments: &Arguments) -> Result<(), Failure> {
    let key = arguments.key.as_bytes();
    let preview = value_preview(key);
    let details = target.keyspace.inspect(key, preview).await.map_err(Failure::CacheCommand)?;
    let Some(details) = details else {
        output::json(&json!({"key": arguments.key, "exists": false}));
        return Ok(());
    };
    output::json(&json!({
        "key": arguments.key,
        "exists": true,
        "type": details.summary.kind.name(),
        "ttl": ttl_seconds(details.summary.ttl),
        "size": details.summary.memory_bytes,
        "encoding": details.encoding,
        "value": details.preview.map(|preview| String::from_utf8_lossy(&preview.bytes).into_owned()),
        "redacted": preview == 0,
    }));
    Ok(())
}
