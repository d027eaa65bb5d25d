//! The cache operations, each one command or one script.

use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use futures::future::try_join_all;

use super::command::{Command, Repeat};
use super::node::Lane;
use super::router::{Budget, Earlier, REQUEST_BUDGET};
use super::script::{DELETE_IF_EQUAL, FILL, INVALIDATE, LEASE, REPLACE_IF_EQUAL, SET_IF_NEWER, TAKE};
use super::{ValkeyCache, reply};
use crate::client::CacheClient;
use crate::error::{CacheError, Refusal};
use crate::gcra;
use crate::slot::key_slot;
use crate::steps::{
    DeleteIfEqual, Expiry, Fill, Grant, Lease, ReplaceIfEqual, SetIfAbsent, SetIfNewer, Take, TakeRequest,
};
use crate::version_stamp;

impl ValkeyCache {
    async fn run(&self, key: &[u8], command: Command) -> Result<(Value, Earlier), CacheError> {
        self.topology.execute(key_slot(key), &command, Budget::request()).await
    }

    /// In a cluster the node that owns the slot of the channel's name is asked: any would do, as it tells all others.
    pub(crate) async fn publish(&self, channel: &[u8], message: Bytes) -> Result<u64, CacheError> {
        let command = Command::new("PUBLISH").key(channel).bytes(message);
        let (subscribers, _) = self.run(channel, command).await?;
        reply::unsigned(&subscribers).ok_or_else(|| self.unexpected(channel, "PUBLISH"))
    }

    /// An answer of another shape than the command can have.
    fn unexpected(&self, key: &[u8], command: &'static str) -> CacheError {
        let map = self.topology.map();
        let node = map.owner(key_slot(key)).map_or_else(String::new, |master| master.address.to_string());
        CacheError::Protocol { node, command }
    }
}

impl Command {
    fn expiring(self, expiry: Expiry) -> Self {
        match expiry.milliseconds() {
            Some(milliseconds) => self.text("PX").number(milliseconds),
            None => self,
        }
    }

    /// For scripts: 0 stands for never.
    fn expiry_argument(self, expiry: Expiry) -> Self {
        self.number(expiry.milliseconds().unwrap_or(0))
    }
}

impl CacheClient for ValkeyCache {
    async fn get(&self, key: &[u8]) -> Result<Bytes, CacheError> {
        match self.run(key, Command::new("GET").key(key)).await? {
            (Value::Null, _) => Err(CacheError::Miss),
            (value, _) => reply::bytes(&value).ok_or_else(|| self.unexpected(key, "GET")),
        }
    }

    async fn set(&self, key: &[u8], value: Bytes, expiry: Expiry) -> Result<(), CacheError> {
        self.run(key, Command::new("SET").key(key).bytes(value).expiring(expiry)).await.map(drop)
    }

    async fn del(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.topology.count_over("UNLINK", keys).await
    }

    async fn exists(&self, keys: &[Bytes]) -> Result<u64, CacheError> {
        self.topology.count_over("EXISTS", keys).await
    }

    async fn incr(&self, key: &[u8]) -> Result<i64, CacheError> {
        let (value, _) = self.run(key, Command::once("INCR").key(key)).await?;
        reply::integer(&value).ok_or_else(|| self.unexpected(key, "INCR"))
    }

    async fn expire(&self, key: &[u8], ttl: Duration) -> Result<bool, CacheError> {
        let milliseconds = if ttl.is_zero() { 0 } else { Expiry::After(ttl).milliseconds().unwrap_or(0) };
        let (value, earlier) = self.run(key, Command::new("PEXPIRE").key(key).number(milliseconds)).await?;
        // A removal that was executed by an attempt whose answer was lost finds nothing the second time.
        Ok(reply::integer(&value) == Some(1) || (ttl.is_zero() && earlier == Earlier::Perhaps))
    }

    async fn ping(&self) -> Result<(), CacheError> {
        if self.topology.surroundings.closed.is_cancelled() {
            return Err(CacheError::Closed);
        }
        let map = self.topology.map();
        if let Some((from, _)) = map.ranges_of(None).first() {
            return Err(self.topology.unowned(*from));
        }
        let deadline = Budget::request().deadline;
        let pings = map.owners().map(|master| async {
            let node = self.topology.node(&master.address);
            let answer = node.send_all(Lane::Requests, &[Command::new("PING")], false, deadline).await;
            let answer = answer.and_then(|mut answers| answers.pop().unwrap_or(Ok(Value::Null)));
            answer.map_err(|failure| failure.into_error(&master.address, "PING", REQUEST_BUDGET))
        });
        try_join_all(pings).await.map(drop)
    }

    async fn set_if_absent(
        &self,
        key: &[u8],
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfAbsent, CacheError> {
        // With GET the answer is what stood before, so that after a lost answer the caller's own value is known.
        let command =
            Command::new("SET").key(key).bytes(value.clone()).text("NX").text("GET").expiring(expiry);
        match self.run(key, command).await? {
            (Value::Null, _) => Ok(SetIfAbsent::Stored),
            (standing, earlier) => {
                let standing = reply::bytes(&standing).ok_or_else(|| self.unexpected(key, "SET"))?;
                if earlier == Earlier::Perhaps && standing == value {
                    Ok(SetIfAbsent::Stored)
                } else {
                    Ok(SetIfAbsent::Present(standing))
                }
            }
        }
    }

    async fn replace_if_equal(
        &self,
        key: &[u8],
        expected: Bytes,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<ReplaceIfEqual, CacheError> {
        let command = Command::script(&REPLACE_IF_EQUAL, key, Repeat::Harmless)
            .bytes(expected)
            .bytes(value)
            .expiry_argument(expiry);
        let (answer, earlier) = self.run(key, command).await?;
        match (reply::integer(&answer), earlier) {
            (Some(1), _) | (Some(2), Earlier::Perhaps) => Ok(ReplaceIfEqual::Replaced),
            (Some(0 | 2), _) => Ok(ReplaceIfEqual::Different),
            (Some(-1), _) => Ok(ReplaceIfEqual::Missing),
            _ => Err(self.unexpected(key, "EVALSHA")),
        }
    }

    async fn delete_if_equal(&self, key: &[u8], expected: Bytes) -> Result<DeleteIfEqual, CacheError> {
        let command = Command::script(&DELETE_IF_EQUAL, key, Repeat::Harmless).bytes(expected);
        let (answer, earlier) = self.run(key, command).await?;
        match (reply::integer(&answer), earlier) {
            (Some(1), _) | (Some(-1), Earlier::Perhaps) => Ok(DeleteIfEqual::Deleted),
            (Some(0), _) => Ok(DeleteIfEqual::Different),
            (Some(-1), Earlier::Nothing) => Ok(DeleteIfEqual::Missing),
            _ => Err(self.unexpected(key, "EVALSHA")),
        }
    }

    async fn set_if_newer(
        &self,
        key: &[u8],
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<SetIfNewer, CacheError> {
        let command = Command::script(&SET_IF_NEWER, key, Repeat::Harmless)
            .text(&format!("{version:020}"))
            .bytes(version_stamp::seal(version, &value))
            .expiry_argument(expiry);
        let (answer, _) = self.run(key, command).await?;
        match reply::text(&answer).map(|stamp| stamp.parse()) {
            None => Ok(SetIfNewer::Stored),
            Some(Ok(version)) => Ok(SetIfNewer::NewerStands { version }),
            Some(Err(_)) => Err(self.unexpected(key, "EVALSHA")),
        }
    }

    async fn lease(&self, key: &[u8], token: Bytes, ttl: Duration) -> Result<Lease, CacheError> {
        let command =
            Command::script(&LEASE, key, Repeat::Harmless).bytes(token).expiry_argument(Expiry::After(ttl));
        let (answer, _) = self.run(key, command).await?;
        match reply::integer(&answer) {
            Some(1) => return Ok(Lease::Granted),
            Some(0) => return Ok(Lease::Held),
            _ => {}
        }
        let record = reply::bytes(&answer).and_then(|stored| version_stamp::record(&stored));
        let (version, value) = record.ok_or_else(|| self.unexpected(key, "EVALSHA"))?;
        Ok(Lease::Found { version, value })
    }

    async fn fill(
        &self,
        key: &[u8],
        token: Bytes,
        version: u64,
        value: Bytes,
        expiry: Expiry,
    ) -> Result<Fill, CacheError> {
        let command = Command::script(&FILL, key, Repeat::Harmless)
            .bytes(token)
            .bytes(version_stamp::seal(version, &value))
            .expiry_argument(expiry);
        let (answer, _) = self.run(key, command).await?;
        match reply::integer(&answer) {
            Some(1) => Ok(Fill::Stored),
            Some(0) => Ok(Fill::Refused),
            _ => Err(self.unexpected(key, "EVALSHA")),
        }
    }

    async fn invalidate(&self, key: &[u8], version: u64, ttl: Duration) -> Result<(), CacheError> {
        let command = Command::script(&INVALIDATE, key, Repeat::Harmless)
            .text(&format!("{version:020}"))
            .expiry_argument(Expiry::After(ttl));
        match self.run(key, command).await {
            Err(CacheError::Refused { refusal: Refusal::OutOfMemory, .. }) => {
                self.run(key, Command::new("UNLINK").key(key)).await.map(drop)
            }
            outcome => outcome.map(drop),
        }
    }

    async fn take(&self, key: &[u8], request: TakeRequest) -> Result<Take, CacheError> {
        // A peek changes nothing, so it may be repeated.
        let repeat = if request.cost == 0 { Repeat::Harmless } else { Repeat::Never };
        let command = Command::script(&TAKE, key, repeat)
            .number(request.emission_micros)
            .number(request.limit)
            .number(request.cost)
            .number(u64::from(request.grant == Grant::AllOrNothing));
        let (answer, _) = self.run(key, command).await?;
        let numbers = reply::list(answer).unwrap_or_default();
        let numbers: Vec<u64> = numbers.iter().filter_map(reply::unsigned).collect();
        match numbers[..] {
            [granted, next, now] => Ok(gcra::outcome(now, next, granted, request)),
            _ => Err(self.unexpected(key, "EVALSHA")),
        }
    }

    async fn close(&self) {
        self.end().await;
    }
}
