//! The end of a chain as it is kept elsewhere: in the log, or by hand.

use std::fmt;
use std::str::FromStr;

use domain::{ChainHead, ChainKeyName, LinkHash, Timestamp};

/// The end of the chain at one time, signed. `Display` is one word: number, link, time in milliseconds since 1970, name of the key
/// and signature, with colons between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The last row, and its link.
    pub head: ChainHead,
    /// When it was the last.
    pub at: Timestamp,
    /// Which key signed it.
    pub key: ChainKeyName,
    /// The signature.
    pub signature: LinkHash,
}

/// A head that somebody kept: the number and the link, with the signature or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenHead {
    /// The row that was the last, and its link.
    pub head: ChainHead,
    /// The signature, where it is known.
    pub signed: Option<SignedHead>,
}

/// The text is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be <sequence>:<hash>, or all of a head as it was logged")]
pub struct GivenHeadError;

impl fmt::Display for SignedHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, at, key, signature } = self;
        write!(formatter, "{}:{}:{}:{key}:{signature}", head.sequence, head.link, at.millis())
    }
}

impl FromStr for GivenHead {
    type Err = GivenHeadError;

    fn from_str(text: &str) -> Result<Self, GivenHeadError> {
        let head = |sequence: &str, link: &str| {
            Some(ChainHead { sequence: sequence.parse().ok()?, link: link.parse().ok()? })
        };
        let given = match text.trim().split(':').collect::<Vec<_>>()[..] {
            [sequence, link] => head(sequence, link).map(|head| Self { head, signed: None }),
            [sequence, link, at, key, signature] => head(sequence, link).and_then(|head| {
                let at = Timestamp::from_millis(at.parse().ok()?);
                let (key, signature) = (ChainKeyName(key.to_owned()), signature.parse().ok()?);
                Some(Self { head, signed: Some(SignedHead { head, at, key, signature }) })
            }),
            _ => None,
        };
        given.ok_or(GivenHeadError)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::chain;
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_logged() {
        let head = ChainHead { sequence: 7, link: LinkHash::from_bytes([9; 32]) };
        let signed = chain(&[1]).sign(head, Timestamp::from_millis(1_000));
        let given: GivenHead = signed.to_string().parse().unwrap();
        assert_eq!(given, GivenHead { head, signed: Some(signed) });
        assert_eq!(format!("7:{}", head.link).parse(), Ok(GivenHead { head, signed: None }));
        for wrong in ["", "7", "7:00", &format!("x:{}", head.link), &format!("7:{}:1:a", head.link)] {
            assert_eq!(wrong.parse::<GivenHead>(), Err(GivenHeadError), "{wrong}");
        }
    }
}
