//! The place of a page in the key space, as one string that any process can go on from.

use std::fmt;
use std::str::FromStr;

use crate::slot::SLOTS;

/// Where the next page begins. `"0"` is the start and, in an answer, the end. Otherwise an opaque text of URL-safe
/// characters; it is no secret and holds no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(crate) State);

/// A position never goes to another server process than the one that gave it: cursors of a hash table mean
/// nothing to a table of another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The beginning or the end.
    Edge,
    /// A single node: the server's own SCAN cursor and the process that gave it.
    Single { position: u64, run: RunId },
    /// A cluster: the slot, the position inside it and the process that gave that position.
    Slot { slot: u16, position: u64, run: RunId, phase: Phase },
    /// A cluster without slot-wise SCAN: the slot and the hash of the last key of it that was given.
    SlotKeys { slot: u16, after: u64 },
    /// The embedded cache: the hash of the last key that was given.
    Hash { after: u64 },
}

/// Which side of a slot migration a slot is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The owner of the slot.
    Owner,
    /// The node that the slot moves to: its keys are on both nodes until the migration ends.
    MigrationTarget,
}

/// The first 64 bits of a server's `run_id`: new with every start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunId(pub(crate) u64);

impl RunId {
    /// No process; for positions that are the beginning of a slot.
    pub(crate) const NONE: Self = Self(0);
}

/// The text is no cursor that this service gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor is not one that this service gave: start with \"0\", then send back the cursor of each page"
)]
pub struct CursorError;

impl Cursor {
    /// The beginning of the key space; in an answer, its end.
    pub const START: Self = Self(State::Edge);

    /// Whether this is `"0"`: in an answer, that there are no more pages.
    pub fn is_edge(&self) -> bool {
        self.0 == State::Edge
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            State::Edge => formatter.write_str("0"),
            State::Single { position, run } => write!(formatter, "n.{position:x}.{:x}", run.0),
            State::Slot { slot, position, run, phase } => {
                let phase = match phase {
                    Phase::Owner => 'o',
                    Phase::MigrationTarget => 't',
                };
                write!(formatter, "s.{slot:x}.{position:x}.{:x}.{phase}", run.0)
            }
            State::SlotKeys { slot, after } => write!(formatter, "k.{slot:x}.{after:x}"),
            State::Hash { after } => write!(formatter, "e.{after:x}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.len() > 64 {
            return Err(CursorError);
        }
        let number = |text: &str| u64::from_str_radix(text, 16).map_err(|_| CursorError);
        let slot = |text: &str| match u16::from_str_radix(text, 16) {
            Ok(slot) if slot < SLOTS => Ok(slot),
            _ => Err(CursorError),
        };
        let parts: Vec<&str> = text.split('.').collect();
        let state = match parts.as_slice() {
            ["0"] => State::Edge,
            ["n", position, run] => State::Single { position: number(position)?, run: RunId(number(run)?) },
            ["s", at, position, run, phase] => State::Slot {
                slot: slot(at)?,
                position: number(position)?,
                run: RunId(number(run)?),
                phase: match *phase {
                    "o" => Phase::Owner,
                    "t" => Phase::MigrationTarget,
                    _ => return Err(CursorError),
                },
            },
            ["k", at, after] => State::SlotKeys { slot: slot(at)?, after: number(after)? },
            ["e", after] => State::Hash { after: number(after)? },
            _ => return Err(CursorError),
        };
        Ok(Self(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_state_survives_the_wire() {
        let run = RunId(0xDEAD_BEEF_0123_4567);
        let states = [
            State::Edge,
            State::Single { position: u64::MAX, run },
            State::Slot { slot: 16_383, position: 1 << 40, run, phase: Phase::Owner },
            State::Slot { slot: 0, position: 0, run: RunId::NONE, phase: Phase::MigrationTarget },
            State::SlotKeys { slot: 9, after: 1 },
            State::Hash { after: 0 },
        ];
        for state in states {
            let text = Cursor(state).to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'), "{text}");
            assert_eq!(text.parse(), Ok(Cursor(state)));
        }
        assert_eq!(Cursor::START.to_string(), "0");
    }

    #[test]
    fn refuses_what_it_did_not_give() {
        for text in ["", "00", "1", "n.1", "s.4000.0.0.o", "s.0.0.0.x", "k.zz.1", "e.", "n.1.2.3"] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
        assert_eq!("9".repeat(65).parse::<Cursor>(), Err(CursorError));
    }

    fn any_state() -> impl Strategy<Value = State> {
        let phase = prop_oneof![Just(Phase::Owner), Just(Phase::MigrationTarget)];
        prop_oneof![
            Just(State::Edge),
            (any::<u64>(), any::<u64>())
                .prop_map(|(position, run)| State::Single { position, run: RunId(run) }),
            (0..SLOTS, any::<u64>(), any::<u64>(), phase).prop_map(|(slot, position, run, phase)| {
                State::Slot { slot, position, run: RunId(run), phase }
            }),
            (0..SLOTS, any::<u64>()).prop_map(|(slot, after)| State::SlotKeys { slot, after }),
            any::<u64>().prop_map(|after| State::Hash { after }),
        ]
    }

    proptest! {
        #[test]
        fn every_cursor_is_read_back(state in any_state()) {
            let text = Cursor(state).to_string();
            prop_assert!(text.len() <= 64, "{text}");
            prop_assert_eq!(text.parse::<Cursor>(), Ok(Cursor(state)));
        }

        #[test]
        fn any_text_is_refused_or_one_cursor(any in any::<String>(), near in "[0nske]([.][0-9a-fot+]{0,17}){0,5}") {
            for text in [any, near] {
                if let Ok(cursor) = text.parse::<Cursor>() {
                    prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
                }
            }
        }
    }
}
