//! The matcher: all places in the pattern that the bytes so far can have led to, as one set of bits.
//!
//! Each byte moves the whole set by a few machine words, so a key takes the same time whatever the pattern. A matcher
//! that tries and goes back takes the product of both lengths, and keys of a megabyte exist.

use super::{MAX_LENGTH, Token};

/// Words of a set: a bit for each place, of which there is one more than tokens.
const WORDS: usize = (MAX_LENGTH + 1).div_ceil(64);

type Places = [u64; WORDS];

/// A pattern as sets of places.
pub(super) struct Automaton {
    /// For each byte, the places whose next token takes it.
    steps: Box<[Places]>,
    /// Places with a `*`: they stay, whatever comes.
    stays: Places,
    /// The place behind the last token.
    end: usize,
}

impl Automaton {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut automaton =
            Self { steps: vec![[0; WORDS]; 256].into_boxed_slice(), stays: [0; WORDS], end: 0 };
        for token in tokens {
            if *token == Token::Many {
                set(&mut automaton.stays, automaton.end);
                continue;
            }
            for byte in 0..=u8::MAX {
                if token.matches(byte) {
                    set(&mut automaton.steps[usize::from(byte)], automaton.end);
                }
            }
            automaton.end += 1;
        }
        automaton
    }

    pub(super) fn accepts(&self, key: &[u8]) -> bool {
        let mut places = [0; WORDS];
        set(&mut places, 0);
        for &byte in key {
            let steps = &self.steps[usize::from(byte)];
            let mut carried = 0;
            for word in 0..WORDS {
                let stepping = places[word] & steps[word];
                places[word] = (stepping << 1) | carried | (places[word] & self.stays[word]);
                carried = stepping >> 63;
            }
            if places == [0; WORDS] {
                return false;
            }
        }
        places[self.end / 64] >> (self.end % 64) & 1 == 1
    }
}

fn set(places: &mut Places, place: usize) {
    places[place / 64] |= 1 << (place % 64);
}
