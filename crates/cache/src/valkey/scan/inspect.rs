//! Type, time to live, size and beginning of the value of keys.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use futures::future::try_join_all;

use crate::address::NodeAddress;
use crate::error::CacheError;
use crate::keyspace::{KeyDetails, KeySummary, KeyTtl, Preview, ValueKind};
use crate::slot::key_slot;
use crate::valkey::command::Command;
use crate::valkey::failure::Failure;
use crate::valkey::node::Lane;
use crate::valkey::router::Budget;
use crate::valkey::{ValkeyCache, reply};

/// The most bytes of a value that are shown.
const LONGEST_PREVIEW: usize = 4_096;
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

/// Reads the three answers; `None` when there is no such key, and only then.
fn summary(answers: &[Answer]) -> Result<Option<KeySummary>, Failure> {
    let [kind, ttl, memory] = answers else { return Err(Failure::Protocol) };
    let kind = reply::text(kind.as_ref().map_err(Clone::clone)?).ok_or(Failure::Protocol)?;
    let Some(kind) = ValueKind::from_name(&kind) else { return Ok(None) };
    let ttl = match reply::integer(ttl.as_ref().map_err(Clone::clone)?).ok_or(Failure::Protocol)? {
        // It went between the two commands.
        -2 => return Ok(None),
        -1 => KeyTtl::Never,
        milliseconds => KeyTtl::Remaining(Duration::from_millis(milliseconds.unsigned_abs())),
    };
    // A user may be kept from MEMORY, and the key may have gone meanwhile.
    let memory_bytes = memory.as_ref().ok().and_then(reply::unsigned).unwrap_or(0);
    Ok(Some(KeySummary { kind, ttl, memory_bytes }))
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
        let Some(summary) = self.read_summary(key, answers.get(..3).unwrap_or_default())? else {
            return Ok(None);
        };
        // Of other types than strings there is no beginning, and the server says so.
        let answer = |index: usize| answers.get(index).and_then(|answer| answer.as_ref().ok());
        let encoding = answer(3).and_then(reply::text).unwrap_or_default();
        let preview = match (answer(4).and_then(reply::unsigned), answer(5).and_then(reply::bytes)) {
            (Some(length), Some(bytes)) if summary.kind == ValueKind::String => {
                Some(Preview { bytes, length })
            }
            _ => None,
        };
        Ok(Some(KeyDetails { summary, encoding, preview }))
    }

    pub(crate) async fn summaries(&self, keys: &[Bytes]) -> Result<Vec<Option<KeySummary>>, CacheError> {
        let budget = Budget::of(LIMIT);
        let map = self.topology.map();
        let mut per_owner: HashMap<Option<&NodeAddress>, Vec<usize>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            let owner = map.owner(key_slot(key)).map(|master| &master.address);
            per_owner.entry(owner).or_default().push(index);
        }
        let asked = per_owner.into_iter().map(|(owner, indexes)| async move {
            let mut answers = match owner {
                Some(owner) => self.summaries_at(owner, keys, &indexes, budget).await,
                None => Vec::new(),
            };
            let mut found = Vec::with_capacity(indexes.len());
            for (place, &index) in indexes.iter().enumerate() {
                let (key, range) = (&keys[index], place * 3..place * 3 + 3);
                let of_key = answers.get_mut(range).unwrap_or_default();
                let is_settled = !of_key.is_empty() && !of_key.iter().any(is_about_slot);
                let summary = if is_settled {
                    self.read_summary(key, of_key)?
                } else {
                    // Moved, or on the move: the key finds its own way.
                    let alone =
                        self.topology.execute_all(key_slot(key), &summary_commands(key), budget).await?;
                    self.read_summary(key, &alone)?
                };
                found.push((index, summary));
            }
            Ok::<_, CacheError>(found)
        });
        let mut summaries = vec![None; keys.len()];
        for (index, summary) in try_join_all(asked).await?.into_iter().flatten() {
            summaries[index] = summary;
        }
        Ok(summaries)
    }

    /// Three answers for each key, in one pipeline; none at all when the node did not answer.
    async fn summaries_at(
        &self,
        owner: &NodeAddress,
        keys: &[Bytes],
        indexes: &[usize],
        budget: Budget,
    ) -> Vec<Answer> {
        let commands: Vec<Command> =
            indexes.iter().flat_map(|&index| summary_commands(&keys[index])).collect();
        let answers =
            self.topology.node(owner).send_all(Lane::Requests, &commands, false, budget.deadline).await;
        answers.unwrap_or_default()
    }

    fn read_summary(&self, key: &[u8], answers: &[Answer]) -> Result<Option<KeySummary>, CacheError> {
        summary(answers).map_err(|failure| {
            let map = self.topology.map();
            match map.owner(key_slot(key)) {
                Some(master) => failure.into_error(&master.address, "TYPE", LIMIT),
                None => self.topology.unowned(key_slot(key)),
            }
        })
    }
}

fn is_about_slot(answer: &Answer) -> bool {
    answer.as_ref().is_err_and(Failure::is_about_slot)
}
