//! User name and password as the driver must be given them.
//!
//! The driver writes its greeting, `HELLO 3 AUTH user password`, as an inline command and as it stands: a blank would end
//! the password, a quote would begin another text, and a line end would begin a second command. The server takes quoted
//! texts there, in which every byte can be written as `\xHH`.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// The text as one argument of an inline command.
pub(super) fn inline_argument(text: &str) -> Zeroizing<String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !text.is_empty() && text.bytes().all(is_plain) {
        return Zeroizing::new(text.to_owned());
    }
    // As long as it can get: what outgrows its memory would leave a copy behind.
    let mut quoted = Zeroizing::new(String::with_capacity(2 + 4 * text.len()));
    quoted.push('"');
    for byte in text.bytes() {
        if is_plain(byte) {
            quoted.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_read_otherwise_is_quoted() {
        assert_eq!(
            *inline_argument("S3cret!#$%&()*+,-./:;<=>?@[]^_`{|}~"),
            "S3cret!#$%&()*+,-./:;<=>?@[]^_`{|}~"
        );
        assert_eq!(*inline_argument("p q"), r#""p\x20q""#);
        assert_eq!(*inline_argument("a\"b'c\\d\r\nFLUSHALL"), r#""a\x22b\x27c\x5cd\x0d\x0aFLUSHALL""#);
        assert_eq!(*inline_argument("é"), r#""\xc3\xa9""#);
        assert_eq!(*inline_argument(""), "\"\"");
    }
}
