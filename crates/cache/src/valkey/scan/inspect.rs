//! Type, time to live, size and beginning of the value of keys.

use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use futures::future::try_join_all;

use crate::error::CacheError;
use crate::keyspace::{KeyDetails, KeySummary, KeyTtl, Preview, ValueKind};
use crate::slot::key_slot;
use crate::valkey::command::Command;
use crate::valkey::failure::Failure;
use crate::valkey::many::{SlotKeys, by_slot};
use crate::valkey::router::Budget;
use crate::valkey::{ValkeyCache, reply};

/// The most bytes of a value that are shown.
const LONGEST_PREVIEW: usize = 4_096;
/// Slots asked about at the same time.
const SLOTS_AT_ONCE: usize = 64;
/// How long looking at keys may take.
const LIMIT: Duration = Duration::from_secs(1);

type Answer = Result<Value, Failure>;

fn summary_commands(key: &[u8]) -> [Command; 3] {
    [
        Command::new("TYPE").key(key),
        Command::new("PTTL").key(key),
        Command::new("MEMORY").text("USAGE").key(key),
    ]
}

/// Reads the three answers; `None` when there is no such key.
fn summary(answers: &[Answer]) -> Option<KeySummary> {
    let [kind, ttl, memory] = answers else { return None };
    let value = |answer: &Answer| answer.as_ref().ok().cloned();
    let kind = ValueKind::from_name(&value(kind).as_ref().and_then(reply::text)?)?;
    let ttl = match value(ttl).as_ref().and_then(reply::integer)? {
        // It went between the two commands.
        -2 => return None,
        -1 => KeyTtl::Never,
        milliseconds => KeyTtl::Remaining(Duration::from_millis(milliseconds.unsigned_abs())),
    };
    let memory_bytes = value(memory).as_ref().and_then(reply::unsigned).unwrap_or(0);
    Some(KeySummary { kind, ttl, memory_bytes })
}

impl ValkeyCache {
    pub(crate) async fn inspect(&self, key: &[u8], preview: usize) -> Result<Option<KeyDetails>, CacheError> {
        let mut commands = summary_commands(key).to_vec();
        commands.push(Command::new("OBJECT").text("ENCODING").key(key));
        if preview > 0 {
            let last = preview.min(LONGEST_PREVIEW) as u64 - 1;
            commands.push(Command::new("STRLEN").key(key));
            commands.push(Command::new("GETRANGE").key(key).number(0).number(last));
        }
        let answers = self.topology.execute_all(key_slot(key), &commands, Budget::of(LIMIT)).await?;
        let Some(summary) = answers.get(..3).and_then(summary) else {
            return Ok(None);
        };
        let text = |index: usize| answers.get(index).and_then(|answer| answer.as_ref().ok());
        let encoding = text(3).and_then(reply::text).unwrap_or_default();
        let preview = match (text(4).and_then(reply::unsigned), text(5).and_then(reply::bytes)) {
            (Some(length), Some(bytes)) if summary.kind == ValueKind::String => {
                Some(Preview { bytes, length })
            }
            _ => None,
        };
        Ok(Some(KeyDetails { summary, encoding, preview }))
    }

    pub(crate) async fn summaries(&self, keys: &[Bytes]) -> Result<Vec<Option<KeySummary>>, CacheError> {
        let budget = Budget::of(LIMIT);
        let ask = |group: SlotKeys| async move {
            let commands: Vec<Command> = group.keys.iter().flat_map(|key| summary_commands(key)).collect();
            let answers = self.topology.execute_all(group.slot, &commands, budget).await?;
            let summaries: Vec<_> = answers.chunks(3).map(summary).collect();
            Ok::<_, CacheError>(group.keys.into_iter().zip(summaries).collect::<Vec<_>>())
        };
        let mut found = std::collections::HashMap::new();
        let mut groups = by_slot(keys);
        while !groups.is_empty() {
            let now = groups.split_off(groups.len().saturating_sub(SLOTS_AT_ONCE));
            found.extend(try_join_all(now.into_iter().map(ask)).await?.into_iter().flatten());
        }
        Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect())
    }
}
