//! Keys in JSON: they are bytes, JSON is text.

use std::borrow::Cow;
use std::fmt::Write as _;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Uri;
use percent_encoding::percent_decode_str;
use serde::Serialize;

/// How much of a key answers show, bytes.
const SHOWN: usize = 1_024;

/// A key as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyName {
    /// The key as text, or its beginning; bytes that are not UTF-8 stand as `\xNN`.
    pub(crate) key: String,
    /// The key goes on behind what is shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) truncated: bool,
    /// The exact bytes, only where the text is not exact and nothing of it is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_base64: Option<String>,
}

impl KeyName {
    /// The name of a key, of at most 1,024 bytes of it.
    pub(crate) fn of(key: &[u8]) -> Self {
        let shown = beginning(key);
        let truncated = shown.len() < key.len();
        let exact = truncated || std::str::from_utf8(key).is_ok();
        Self { key: escape(shown), truncated, key_base64: (!exact).then(|| STANDARD.encode(key)) }
    }

    /// The name where there is room for one text only: one that is cut ends in `…`.
    pub(crate) fn label(&self) -> Cow<'_, str> {
        if self.truncated { Cow::Owned(format!("{}…", self.key)) } else { Cow::Borrowed(&self.key) }
    }
}

/// The key as text, of at most 1,024 bytes of it: one that is cut ends in `…`. Bytes that are not UTF-8 stand as `\xNN`.
pub fn key_text(key: &[u8]) -> String {
    let shown = beginning(key);
    let mut text = escape(shown);
    if shown.len() < key.len() {
        text.push('…');
    }
    text
}

/// What is shown of a key. It is cut between characters where it is text.
fn beginning(key: &[u8]) -> &[u8] {
    let is_inside = |index: &usize| key.get(*index).is_some_and(|byte| byte & 0xC0 == 0x80);
    // A character has at most four bytes.
    let end = (SHOWN - 3..=SHOWN).rev().find(|index| !is_inside(index)).unwrap_or(SHOWN);
    key.get(..end).unwrap_or(key)
}

fn escape(key: &[u8]) -> String {
    let mut text = String::with_capacity(key.len());
    for chunk in key.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// The key in the last segment of a path, decoded to its bytes (`%2F` is a slash of the key, `+` is a plus).
pub(crate) fn key_of_path(uri: &Uri) -> Bytes {
    let segment = uri.path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).collect::<Vec<u8>>().into()
}

/// The key behind its base64 (RFC 4648, with padding), as `keyBase64` shows it; `None` when it is no base64.
pub fn key_of_base64(text: &[u8]) -> Option<Bytes> {
    STANDARD.decode(text).ok().map(Bytes::from)
}

/// What logs show of a key: keys may hold ids of people, so a SHA-256 stands for them.
pub(crate) fn key_hash(key: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest::digest(&digest::SHA256, key).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_given_exactly() {
        assert_eq!(
            KeyName::of("a:ü".as_bytes()),
            KeyName { key: "a:ü".to_owned(), truncated: false, key_base64: None }
        );
        let name = KeyName::of(b"a\xffb\xc3");
        assert_eq!(name.key, "a\\xFFb\\xC3");
        assert_eq!(name.key_base64.as_deref(), Some("Yf9iww=="));
        assert_eq!(key_of_base64(b"Yf9iww==").as_deref(), Some(&b"a\xffb\xc3"[..]));
        assert_eq!(key_of_base64(b"%"), None);
    }

    #[test]
    fn a_long_key_is_cut_between_characters() {
        let whole = "a".repeat(SHOWN);
        assert_eq!(key_text(whole.as_bytes()), whole);
        assert!(!KeyName::of(whole.as_bytes()).truncated);
        let long = format!("{}üü", "a".repeat(SHOWN - 1));
        let name = KeyName::of(long.as_bytes());
        assert_eq!((name.key.as_str(), name.truncated), (&long[..SHOWN - 1], true));
        assert_eq!(name.label(), key_text(long.as_bytes()));
        assert_eq!(name.label(), format!("{}…", &long[..SHOWN - 1]));
        // Exactly as long as is shown, the last character over several bytes.
        let full = format!("{}ü", "a".repeat(SHOWN - 2));
        assert_eq!(key_text(full.as_bytes()), full);
        let odd = KeyName::of(&vec![0xff; SHOWN + 1]);
        assert_eq!((odd.key.len(), odd.truncated, odd.key_base64), (4 * SHOWN, true, None));
        let odd = KeyName::of(&vec![0x80; SHOWN]);
        assert_eq!((odd.key.len(), odd.truncated, odd.key_base64.is_some()), (4 * SHOWN, false, true));
    }

    #[test]
    fn a_key_in_a_path_is_decoded_once() {
        let key = |path: &str| key_of_path(&path.parse().unwrap());
        assert_eq!(key("/v1/cache/keys/a%2Fb%20c%252F+d?x=/y"), &b"a/b c%2F+d"[..]);
        assert_eq!(key("/cache/%FF%00"), &b"\xff\0"[..]);
    }

    #[test]
    fn hashes_are_sha_256() {
        assert_eq!(key_hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    proptest! {
        #[test]
        fn any_key_is_read_back_from_what_is_shown(key in prop::collection::vec(any::<u8>(), 0..1_100)) {
            let name = KeyName::of(&key);
            match (&name.key_base64, name.truncated) {
                (Some(base64), _) => prop_assert_eq!(key_of_base64(base64.as_bytes()), Some(key.into())),
                (None, false) => prop_assert_eq!(name.key.as_bytes(), key.as_slice()),
                (None, true) => prop_assert!(key.len() > SHOWN),
            }
        }

        #[test]
        fn any_key_is_read_back_from_a_path(key in prop::collection::vec(any::<u8>(), 0..64)) {
            let encoded = percent_encoding::percent_encode(&key, percent_encoding::NON_ALPHANUMERIC);
            let uri: Uri = format!("/v1/cache/keys/{encoded}").parse().unwrap();
            prop_assert_eq!(key_of_path(&uri), key);
        }

        #[test]
        fn any_path_names_some_key(path in "/[!-~]{0,80}") {
            if let Ok(uri) = path.parse::<Uri>() {
                prop_assert!(key_of_path(&uri).len() <= path.len());
            }
        }

        #[test]
        fn any_bytes_are_no_base64_or_one_key(bytes: Vec<u8>) {
            if let Some(key) = key_of_base64(&bytes) {
                prop_assert_eq!(STANDARD.encode(key).into_bytes(), bytes);
            }
        }
    }
}
