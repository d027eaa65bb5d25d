//! A command as data, so that it can be sent again, elsewhere, or behind ASKING.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use fred::types::Value;

use super::script::Script;

/// Whether a command may be sent again after an attempt whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice is the same as once: reads, UNLINK, SET without NX, and steps that recognise their own token.
    Harmless,
    /// Twice is not once: INCR, a take from a limit.
    Never,
}

/// A command with its arguments. `Debug` shows the name only: arguments are keys and values.
#[derive(Clone)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<Value>,
    pub(super) repeat: Repeat,
    /// The script behind an EVALSHA, to be sent whole to a server that lost it.
    pub(super) script: Option<&'static Script>,
    /// Where arguments are written that are not bytes already: one piece of memory for all of them.
    buffer: BytesMut,
}

/// Room for the arguments of most commands.
const USUAL_BYTES: usize = 192;
pub(super) const USUAL_ARGUMENTS: usize = 8;

impl Command {
    /// A command that may be repeated.
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            arguments: Vec::with_capacity(USUAL_ARGUMENTS),
            repeat: Repeat::Harmless,
            script: None,
            buffer: BytesMut::new(),
        }
    }

    /// A command that must not be repeated by itself.
    pub(super) fn once(name: &'static str) -> Self {
        Self { repeat: Repeat::Never, ..Self::new(name) }
    }

    /// A script over one key.
    pub(super) fn script(script: &'static Script, key: &[u8], repeat: Repeat) -> Self {
        Self::new("EVALSHA").over(script, repeat, 1).key(key)
    }

    /// A script over so many keys, which are to follow.
    pub(super) fn over(self, script: &'static Script, repeat: Repeat, keys: u64) -> Self {
        let command = Self { repeat, script: Some(script), ..self };
        command.bytes(Bytes::from_static(script.sha().as_bytes())).number(keys)
    }

    /// The same call of this script with its whole text.
    pub(super) fn with_text_of(&self, script: &'static Script) -> Self {
        let mut whole = Self { name: "EVAL", script: None, ..self.clone() };
        whole.arguments[0] = Value::Bytes(Bytes::from_static(script.text().as_bytes()));
        whole
    }

    pub(super) fn key(self, key: &[u8]) -> Self {
        self.written(key)
    }

    pub(super) fn bytes(mut self, bytes: Bytes) -> Self {
        self.arguments.push(Value::Bytes(bytes));
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.written(text.as_bytes())
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.reserve(20);
        // Writing into memory does not fail.
        let _ = write!(self.buffer, "{number}");
        self.take_written()
    }

    fn written(mut self, argument: &[u8]) -> Self {
        self.reserve(argument.len());
        self.buffer.extend_from_slice(argument);
        self.take_written()
    }

    fn reserve(&mut self, bytes: usize) {
        if self.buffer.capacity() < bytes {
            self.buffer.reserve(bytes.max(USUAL_BYTES));
        }
    }

    fn take_written(mut self) -> Self {
        let argument = self.buffer.split().freeze();
        self.bytes(argument)
    }

    /// The same within a [`BATCH`](super::script::BATCH): the name of the script or of the command, the key, and what
    /// follows it. `None` without a key, which is the first argument of a command.
    pub(super) fn step(&self) -> Option<(&'static str, &Value, &[Value])> {
        let (name, keyed) = match self.script {
            Some(script) => (script.name(), self.arguments.get(2..)?),
            None => (self.name, &self.arguments[..]),
        };
        let (key, others) = keyed.split_first()?;
        Some((name, key, others))
    }

    /// Size of the arguments in bytes.
    pub(super) fn size(&self) -> usize {
        self.arguments.iter().map(|value| value.as_bytes().map_or(0, <[u8]>::len)).sum()
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Command({})", self.name)
    }
}
