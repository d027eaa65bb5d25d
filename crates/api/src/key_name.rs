//! Keys in JSON: they are bytes, JSON is text.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Uri;
use percent_encoding::percent_decode_str;
use serde::Serialize;

/// A key as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyName {
    /// The key as text; bytes that are not UTF-8 stand as `\xNN`.
    pub(crate) key: String,
    /// The exact bytes, only where the text is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_base64: Option<String>,
}

impl KeyName {
    /// The name of a key.
    pub(crate) fn of(key: &[u8]) -> Self {
        let exact = std::str::from_utf8(key).is_ok();
        Self { key: key_text(key), key_base64: (!exact).then(|| STANDARD.encode(key)) }
    }
}

/// The key as text; bytes that are not UTF-8 stand as `\xNN`.
pub fn key_text(key: &[u8]) -> String {
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

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_given_exactly() {
        assert_eq!(KeyName::of("a:ü".as_bytes()), KeyName { key: "a:ü".to_owned(), key_base64: None });
        let name = KeyName::of(b"a\xffb\xc3");
        assert_eq!(name.key, "a\\xFFb\\xC3");
        assert_eq!(name.key_base64.as_deref(), Some("Yf9iww=="));
        assert_eq!(key_of_base64(b"Yf9iww==").as_deref(), Some(&b"a\xffb\xc3"[..]));
        assert_eq!(key_of_base64(b"%"), None);
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
}
