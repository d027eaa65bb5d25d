//! How a tracking link shows that it is alive, and that nobody emptied the server.
//!
//! A probe is one pipeline: CLIENT TRACKINGINFO (is the link armed), HELLO (is the server still a master) and GET of a
//! key that stands on every watched master with a random value. The driver drops the push of FLUSHALL and FLUSHDB;
//! the key tells: when it is gone, or holds another value, the server was emptied. It is placed with NX, so that all
//! clients of a server agree on one value. Every ten seconds its time to live is made new, which is a change: it has
//! to come back as a push, and how long that takes is the lag of invalidations.

use std::time::Duration;

use bytes::Bytes;
use fred::types::Value;
use tokio::time::Instant;

use crate::error::Refusal;
use crate::slot::{SLOTS, key_slot};
use crate::valkey::command::Command;
use crate::valkey::failure::Failure;
use crate::valkey::link::Link;
use crate::valkey::reply;

/// What the probe keys of all masters begin with; watched beside the prefixes of the near-caches.
pub(super) const PREFIX: &str = "pool-manager:tracking:";

/// Limit on the answer to one probe.
const ANSWER_LIMIT: Duration = Duration::from_millis(400);
/// How long a probe key lives after the last client that watched its server.
const KEY_SECONDS: u64 = 86_400;
/// Time between two changes of the probe key.
const REFRESH_EVERY: Duration = Duration::from_secs(10);
/// A change of our own that was not told for this long will not be.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// What a probe showed.
#[derive(Debug, PartialEq)]
pub(super) enum Finding {
    /// All is well.
    Alive,
    /// The key stands, for the first time on this link or again: emptying the server will show from now on.
    Placed,
    /// The key is gone: everything held may be old, and emptying the server again would not show.
    Emptied,
    /// The key holds another value: the server was emptied, and another client placed the key again.
    Replaced,
    /// This link will never prove anything, and why.
    Worthless(&'static str),
    /// There is no answer, or one that proves nothing.
    Unproved(Failure),
}

/// The state of the probes of one link.
pub(super) struct Probe {
    /// `None` for a master without slots, which can hold no key.
    key: Option<Bytes>,
    /// What stands under the key, as far as we know.
    standing: Option<Bytes>,
    refreshed: Option<Instant>,
    /// Since when a change of our own waits to be told.
    untold: Option<Instant>,
}

/// Answers to one probe, in the order of its commands.
pub(super) type Answers = Result<Vec<Result<Value, Failure>>, Failure>;

impl Probe {
    /// For a master that owns this slot.
    pub(super) fn new(slot: Option<u16>) -> Self {
        Self { key: slot.and_then(key_in_slot), standing: None, refreshed: None, untold: None }
    }

    /// What to send now. `value` is put under the key where there is none.
    pub(super) fn commands(&mut self, value: Bytes) -> Vec<Command> {
        let mut commands = vec![Command::new("CLIENT").text("TRACKINGINFO"), Command::new("HELLO")];
        let Some(key) = &self.key else { return commands };
        let now = Instant::now();
        let is_due = self.refreshed.is_none_or(|at| now.duration_since(at) >= REFRESH_EVERY);
        if self.standing.is_none() {
            let place = Command::new("SET").key(key).bytes(value).text("NX");
            commands.push(place.text("EX").number(KEY_SECONDS));
            commands.push(Command::new("GET").key(key));
        } else if is_due && self.untold.is_none() {
            self.refreshed = Some(now);
            self.untold = Some(now);
            commands.push(Command::new("GETEX").key(key).text("EX").number(KEY_SECONDS));
        } else {
            commands.push(Command::new("GET").key(key));
        }
        commands
    }

    /// Sends the commands of one probe.
    pub(super) async fn send(link: &Link, commands: Vec<Command>) -> Answers {
        link.send_all(&commands, false, Instant::now() + ANSWER_LIMIT).await
    }

    /// A key changed. Answers how long ago we changed it, if this is the news of that.
    pub(super) fn told(&mut self, key: &[u8]) -> Option<Duration> {
        if self.key.as_deref() == Some(key) { self.untold.take().map(|at| at.elapsed()) } else { None }
    }

    /// What the answers show.
    pub(super) fn read(&mut self, answers: Answers) -> Finding {
        let answers = match answers {
            Ok(answers) => answers,
            Err(failure) => return Finding::Unproved(failure),
        };
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Err(Failure::Protocol));
        match (next().map(is_armed), next().map(is_master)) {
            (Ok(false), _) => return Finding::Worthless("it was not asked to"),
            (_, Ok(false)) => return Finding::Worthless("it is a replica"),
            (Err(failure), _) | (_, Err(failure)) => return Finding::Unproved(failure),
            (Ok(true), Ok(true)) => {}
        }
        if self.untold.is_some_and(|at| at.elapsed() >= TOLD_WITHIN) {
            return Finding::Worthless("it did not tell of a change of our own");
        }
        if self.key.is_none() {
            return Finding::Alive;
        }
        // The answer to a SET before it counts only when nothing stands afterwards.
        let standing = answers.next_back().unwrap_or(Err(Failure::Protocol));
        let placed = answers.next();
        match standing {
            Ok(value) => self.compare(reply::bytes(&value), placed),
            Err(Failure::Moved(_) | Failure::Ask(_) | Failure::Refused(Refusal::ReadOnly)) => {
                Finding::Worthless("it is not the master of its slots")
            }
            Err(failure) => {
                // If this was to be a change of our own, it was none.
                self.untold = None;
                Finding::Unproved(failure)
            }
        }
    }

    fn compare(&mut self, value: Option<Bytes>, placed: Option<Result<Value, Failure>>) -> Finding {
        let before = std::mem::replace(&mut self.standing, value);
        match (before, &self.standing) {
            (None, Some(_)) => Finding::Placed,
            (None, None) => Finding::Unproved(placed.and_then(Result::err).unwrap_or(Failure::Protocol)),
            (Some(before), Some(now)) if before == *now => Finding::Alive,
            (Some(_), Some(_)) => Finding::Replaced,
            (Some(_), None) => Finding::Emptied,
        }
    }
}

/// Reads CLIENT TRACKINGINFO.
fn is_armed(answer: Value) -> bool {
    let flags = reply::fields(answer).and_then(|mut fields| fields.remove("flags"));
    let flags = match flags {
        Some(Value::Array(flags)) => flags,
        _ => return false,
    };
    flags.iter().any(|flag| reply::text(flag).as_deref() == Some("bcast"))
}

/// Reads HELLO.
fn is_master(answer: Value) -> bool {
    let role = reply::fields(answer).and_then(|mut fields| fields.remove("role"));
    role.as_ref().and_then(reply::text).as_deref() == Some("master")
}

/// The probe key whose tag hashes to this slot.
fn key_in_slot(slot: u16) -> Option<Bytes> {
    // A slot has a tag among the first 200,000 numbers or so.
    let tag = (0..u32::from(SLOTS) * 100).map(|tag| tag.to_string());
    let tag = tag.into_iter().find(|tag| key_slot(tag.as_bytes()) == slot)?;
    Some(format!("{PREFIX}{{{tag}}}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::from(text.to_owned())
    }

    /// The answers of a server with this flag and role, and what stands under the key.
    fn answers(flag: &str, role: &str, standing: Value) -> Answers {
        let info = Value::Array(vec![text("flags"), Value::Array(vec![text("on"), text(flag)])]);
        let hello = Value::Array(vec![text("role"), text(role)]);
        Ok(vec![Ok(info), Ok(hello), Ok(standing)])
    }

    fn alive(standing: &str) -> Answers {
        answers("bcast", "master", text(standing))
    }

    fn names(commands: &[Command]) -> Vec<&'static str> {
        commands.iter().map(|command| command.name).collect()
    }

    #[test]
    fn the_key_is_placed_and_then_compared() {
        let mut probe = Probe::new(Some(7));
        let commands = probe.commands("mine".into());
        assert_eq!(names(&commands), ["CLIENT", "HELLO", "SET", "GET"]);
        let key = reply::bytes(&commands[3].arguments[0]).unwrap();
        assert!(key.starts_with(PREFIX.as_bytes()) && key_slot(&key) == 7);
        assert_eq!(probe.read(alive("theirs")), Finding::Placed, "whoever placed it");
        assert_eq!(probe.read(alive("theirs")), Finding::Alive);
        assert_eq!(probe.read(alive("other")), Finding::Replaced);
        assert_eq!(probe.read(alive("other")), Finding::Alive);
        assert_eq!(probe.read(answers("bcast", "master", Value::Null)), Finding::Emptied);
        assert_eq!(names(&probe.commands("mine".into()))[2], "SET", "it is placed again");
        let mut refused = answers("bcast", "master", Value::Null).unwrap();
        refused.insert(2, Err(Failure::Refused(Refusal::OutOfMemory)));
        let finding = probe.read(Ok(refused));
        assert_eq!(finding, Finding::Unproved(Failure::Refused(Refusal::OutOfMemory)));
    }

    #[test]
    fn a_link_that_tells_nothing_is_worthless() {
        let mut probe = Probe::new(Some(7));
        assert!(matches!(probe.read(answers("off", "master", text("v"))), Finding::Worthless(_)));
        assert!(matches!(probe.read(answers("bcast", "replica", text("v"))), Finding::Worthless(_)));
        let moved = Failure::Moved(crate::address::NodeAddress::new("other", 1));
        let mut elsewhere = alive("v").unwrap();
        elsewhere[2] = Err(moved);
        assert!(matches!(probe.read(Ok(elsewhere)), Finding::Worthless(_)));
        assert_eq!(probe.read(Err(Failure::TimedOut)), Finding::Unproved(Failure::TimedOut));
        assert_eq!(probe.read(Ok(Vec::new())), Finding::Unproved(Failure::Protocol));
    }

    #[test]
    fn a_change_of_our_own_has_to_be_told() {
        let mut probe = Probe::new(Some(7));
        assert_eq!(probe.read(alive("v")), Finding::Placed);
        let commands = probe.commands("w".into());
        assert_eq!(names(&commands)[2], "GETEX");
        assert_eq!(names(&probe.commands("w".into()))[2], "GET", "one at a time");
        let key = reply::bytes(&commands[2].arguments[0]).unwrap();
        assert!(probe.told(b"another").is_none() && probe.told(&key).is_some());
        assert!(probe.told(&key).is_none(), "another client's");
        assert_eq!(probe.read(alive("v")), Finding::Alive);
        probe.untold = Instant::now().checked_sub(TOLD_WITHIN);
        assert!(matches!(probe.read(alive("v")), Finding::Worthless(_)));
    }

    #[test]
    fn a_master_without_slots_holds_no_key() {
        let mut probe = Probe::new(None);
        assert_eq!(names(&probe.commands("v".into())), ["CLIENT", "HELLO"]);
        assert_eq!(probe.read(answers("bcast", "master", Value::Null)), Finding::Alive);
    }
}
