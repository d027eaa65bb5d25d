//! Key patterns as Valkey matches them: `*`, `?`, `[a-z]`, `[^x]` and `\` before a literal character.

use std::fmt;
use std::str::FromStr;

use crate::slot::key_slot;

const MAX_LENGTH: usize = 1_024;

/// A checked key pattern. Matches bytes, exactly as the server's own matcher does.
#[derive(Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
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
    /// The pattern is longer than 1,024 bytes.
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
        Self { text: "*".to_owned(), tokens: vec![Token::Many] }
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
        let (mut token, mut byte) = (0, 0);
        // Where to go back to: the last `*`, and the key position it was last tried from.
        let mut retry: Option<(usize, usize)> = None;
        while byte < key.len() {
            match self.tokens.get(token) {
                Some(Token::Many) => {
                    retry = Some((token, byte));
                    token += 1;
                    continue;
                }
                Some(single) if single.matches(key[byte]) => {
                    token += 1;
                    byte += 1;
                    continue;
                }
                _ => {}
            }
            let Some((many, from)) = retry else { return false };
            retry = Some((many, from + 1));
            token = many + 1;
            byte = from + 1;
        }
        self.tokens[token..].iter().all(|rest| matches!(rest, Token::Many))
    }

    /// Whether no character stands for itself (`*`, `?*`, `[^x]*`): the pattern says nothing about the key but
    /// perhaps its length and alphabet.
    pub fn has_no_literal(&self) -> bool {
        !self.tokens.iter().any(|token| matches!(token, Token::Literal(_)))
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
        Ok(Self { text: text.to_owned(), tokens })
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, key: &str) -> bool {
        pattern.parse::<Glob>().unwrap().matches(key.as_bytes())
    }

    #[test]
    fn matches_as_the_server_does() {
        let cases = [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "a-b-b-c", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("[\\]]", "]", true),
            ("tenant:{*}:x", "tenant:{7}:x", true),
            ("[]", "a", false),
            ("[^]", "a", true),
        ];
        for (pattern, key, expected) in cases {
            assert_eq!(matches(pattern, key), expected, "{pattern} on {key}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert_eq!("".parse::<Glob>(), Err(GlobError::Empty));
        assert_eq!("a[b".parse::<Glob>(), Err(GlobError::UnclosedClass));
        assert_eq!("[a-]".parse::<Glob>(), Err(GlobError::UnclosedClass));
        assert_eq!("a\\".parse::<Glob>(), Err(GlobError::TrailingBackslash));
        assert_eq!("a".repeat(1_025).parse::<Glob>(), Err(GlobError::TooLong));
    }

    #[test]
    fn knows_patterns_without_a_literal() {
        for pattern in ["*", "**", "?*", "[^x]*", "*[a-z]*", "??"] {
            assert!(pattern.parse::<Glob>().unwrap().has_no_literal(), "{pattern}");
        }
        assert!(!"a*".parse::<Glob>().unwrap().has_no_literal());
    }

    #[test]
    fn knows_the_slot_of_a_tagged_pattern() {
        let slot = |pattern: &str| pattern.parse::<Glob>().unwrap().slot();
        assert_eq!(slot("tenant:{42}:*"), Some(key_slot(b"42")));
        assert_eq!(slot("exact"), Some(key_slot(b"exact")));
        assert_eq!(slot("tenant:{4*}:x"), None);
        assert_eq!(slot("tenant:{}:*"), None);
        assert_eq!(slot("*"), None);
    }

    #[test]
    fn many_stars_take_quadratic_and_not_exponential_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }

    proptest! {
        #[test]
        fn an_escaped_text_matches_itself_only(text in "[ -~]{1,20}", other in "[ -~]{1,20}") {
            let glob: Glob = Glob::escape(&text).parse().unwrap();
            prop_assert!(glob.matches(text.as_bytes()));
            prop_assert_eq!(glob.matches(other.as_bytes()), text == other);
        }
    }
}
