//! A command as data, so that it can be sent again, elsewhere, or behind ASKING.

use bytes::Bytes;
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
}

impl Command {
    /// A command that may be repeated.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, arguments: Vec::new(), repeat: Repeat::Harmless, script: None }
    }

    /// A command that must not be repeated by itself.
    pub(super) fn once(name: &'static str) -> Self {
        Self { repeat: Repeat::Never, ..Self::new(name) }
    }

    /// A script over one key.
    pub(super) fn script(script: &'static Script, key: &[u8], repeat: Repeat) -> Self {
        let command = Self { repeat, script: Some(script), ..Self::new("EVALSHA") };
        command.text(script.sha()).text("1").key(key)
    }

    /// The same script call with its whole text.
    pub(super) fn with_script_text(&self) -> Option<Self> {
        let script = self.script?;
        let mut whole = Self { name: "EVAL", script: None, ..self.clone() };
        whole.arguments[0] = Value::Bytes(Bytes::from_static(script.text().as_bytes()));
        Some(whole)
    }

    pub(super) fn key(self, key: &[u8]) -> Self {
        self.bytes(Bytes::copy_from_slice(key))
    }

    pub(super) fn bytes(mut self, bytes: Bytes) -> Self {
        self.arguments.push(Value::Bytes(bytes));
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(Bytes::copy_from_slice(text.as_bytes()))
    }

    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(Bytes::from(number.to_string()))
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
