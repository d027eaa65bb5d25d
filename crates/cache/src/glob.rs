//! Key patterns as Valkey matches them: `*`, `?`, `[a-z]`, `[^x]` and `\` before a literal character.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

mod automaton;

use automaton::Automaton;

use crate::slot::key_slot;

/// Longest pattern in bytes. The servers match by trying, which takes pattern times key: a long pattern on long keys would
/// hold them for seconds.
const MAX_LENGTH: usize = 256;

/// A checked key pattern of at most 256 bytes. Matches bytes, exactly as the server's own matcher does, but in time
/// linear in the key.
#[derive(Clone)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
    automaton: Arc<Automaton>,
}

#[derive(Clone, PartialEq, Eq)]
enum Token {
    Many,
    One,
    Literal(u8),
    Class { negated: bool, ranges: Vec<(u8, u8)> },
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// The pattern is empty.
    #[error("the pattern is empty: write a glob, for example ratelimit:*")]
    Empty,
    /// The pattern is longer than 256 bytes.
    #[error("the pattern is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// A `[` without its `]`.
    #[error("the pattern has a [ without its ]: close it, or write \\[ for the character itself")]
    UnclosedClass,
    /// A `\` with nothing after it.
    #[error("the pattern ends in a single \\: write \\\\ for the character itself")]
    TrailingBackslash,
}

impl Glob {
    /// The pattern `*`.
    pub fn everything() -> Self {
        Self::of("*".to_owned(), vec![Token::Many])
    }

    fn of(text: String, tokens: Vec<Token>) -> Self {
        let automaton = Arc::new(Automaton::of(&tokens));
        Self { text, tokens, automaton }
    }

    /// The pattern that matches `literal` and nothing else, ready to be put between wildcards.
    pub fn escape(literal: &str) -> String {
        let mut escaped = String::with_capacity(literal.len());
        for character in literal.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                escaped.push('\\');
            }
            escaped.push(character);
        }
        escaped
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole key matches.
    pub fn matches(&self, key: &[u8]) -> bool {
        self.automaton.accepts(key)
    }

    /// Whether the pattern names nothing: none of its own characters is a letter, a digit or beyond ASCII. `*`, `?*`,
    /// `[^x]*` and also `*:*`, which matches nearly every key there is.
    pub fn is_made_of_wildcards(&self) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let names_something = |token: &Token| matches!(token, Token::Literal(byte) if is_word(*byte));
        let is_wildcard = |token: &Token| !matches!(token, Token::Literal(_));
        self.tokens.iter().any(is_wildcard) && !self.tokens.iter().any(names_something)
    }

    /// The one slot that every matching key is in: the pattern holds a whole hash tag before its first wildcard,
    /// or no wildcard at all. Escapes are left to a full scan, as the server does.
    pub(crate) fn slot(&self) -> Option<u16> {
        let mut literal = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            match token {
                Token::Literal(byte) => literal.push(*byte),
                Token::Many | Token::One | Token::Class { .. } => {
                    let open = literal.iter().position(|&byte| byte == b'{')?;
                    let length = literal[open + 1..].iter().position(|&byte| byte == b'}')?;
                    return (length > 0 && !self.text.contains('\\')).then(|| key_slot(&literal));
                }
            }
        }
        (!self.text.contains('\\')).then(|| key_slot(&literal))
    }
}

impl Token {
    fn matches(&self, byte: u8) -> bool {
        match self {
            Self::Many => false,
            Self::One => true,
            Self::Literal(literal) => *literal == byte,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|&(from, to)| (from..=to).contains(&byte)) != *negated
            }
        }
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(GlobError::TooLong);
        }
        let mut tokens = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            rest = tail;
            let token = match first {
                b'*' => Token::Many,
                b'?' => Token::One,
                b'[' => parse_class(&mut rest)?,
                b'\\' => {
                    let (&literal, tail) = rest.split_first().ok_or(GlobError::TrailingBackslash)?;
                    rest = tail;
                    Token::Literal(literal)
                }
                literal => Token::Literal(literal),
            };
            // Several `*` in a row are one, and would only cost time.
            if !(token == Token::Many && tokens.last() == Some(&Token::Many)) {
                tokens.push(token);
            }
        }
        Ok(Self::of(text.to_owned(), tokens))
    }
}

/// Reads a class from behind its `[`. The order of the cases is the server's: an escape first, then the end, then
/// a range, whose upper end may be any character, also `]`.
fn parse_class(rest: &mut &[u8]) -> Result<Token, GlobError> {
    let negated = rest.first() == Some(&b'^');
    if negated {
        *rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        match *rest {
            [] => return Err(GlobError::UnclosedClass),
            [b'\\', literal, tail @ ..] => {
                ranges.push((*literal, *literal));
                *rest = tail;
            }
            [b']', tail @ ..] => {
                *rest = tail;
                return Ok(Token::Class { negated, ranges });
            }
            [from, b'-', to, tail @ ..] => {
                ranges.push((*from.min(to), *from.max(to)));
                *rest = tail;
            }
            [literal, tail @ ..] => {
                ranges.push((*literal, *literal));
                *rest = tail;
            }
        }
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Glob({:?})", self.text)
    }
}

#[cfg(test)]
mod tests;
