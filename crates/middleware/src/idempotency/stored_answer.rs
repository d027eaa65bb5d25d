//! An answer as it is kept for repeats.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::X_IDEMPOTENCY_REPLAYED;
use crate::request_id::X_REQUEST_ID;

/// What belongs to one connection (RFC 9110, 7.6.1) or to one request: the answer to a repeat gets its own.
const NOT_KEPT: [HeaderName; 11] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    CONTENT_LENGTH,
    DATE,
    X_REQUEST_ID,
    X_IDEMPOTENCY_REPLAYED,
];

/// Headers of rate limits begin like this, and tell of the request that they came with.
const RATE_LIMIT_PREFIXES: [&str; 2] = ["ratelimit", "x-ratelimit-"];

/// The bytes of an answer: the status, a line for each header, an empty line, and the body. Headers hold no line feeds.
pub(super) fn encode<B: AsRef<[u8]>>(answer: &Response<B>) -> Vec<u8> {
    let body = answer.body().as_ref();
    let mut bytes = Vec::with_capacity(body.len() + 512);
    bytes.extend_from_slice(answer.status().as_str().as_bytes());
    bytes.push(b'\n');
    for (name, value) in answer.headers().iter().filter(|(name, _)| is_kept(name)) {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    bytes
}

/// Reads back what [`encode`] wrote; `None` for anything else.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Response<Bytes>> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::from_bytes(line(&mut bytes)?).ok()?;
    loop {
        let header = line(&mut bytes)?;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        answer.headers_mut().append(name, HeaderValue::from_bytes(&header[colon + 1..]).ok()?);
    }
    *answer.body_mut() = Bytes::copy_from_slice(bytes);
    Some(answer)
}

fn is_kept(name: &HeaderName) -> bool {
    !NOT_KEPT.contains(name) && !RATE_LIMIT_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// Takes the bytes up to the next line feed.
fn line<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    *bytes = &rest[1..];
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_to_the_byte() {
        let body: Vec<u8> = (0..=255).chain(*b"\n\n:\r\n").collect();
        let answer = Response::builder()
            .status(StatusCode::CREATED)
            .header("Content-Type", "application/octet-stream")
            .header("Set-Cookie", "a=1; Path=/")
            .header("Set-Cookie", " b=2 ")
            .header("X-Bytes", HeaderValue::from_bytes(b"caf\xe9:\t").unwrap())
            .header("X-Empty", "")
            .body(body.clone())
            .unwrap();
        let back = decode(&encode(&answer)).unwrap();
        assert_eq!(back.status(), StatusCode::CREATED);
        assert_eq!(back.headers(), answer.headers());
        assert_eq!(back.body(), &body);
    }

    #[test]
    fn what_belongs_to_one_connection_or_request_is_left_out() {
        let mut answer = Response::builder().header("x-kept", "1").header("Retry-After", "9");
        for name in
            ["Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date", "X-Request-Id"]
        {
            answer = answer.header(name, "1");
        }
        for name in ["RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining", "X-Idempotency-Replayed"] {
            answer = answer.header(name, "1");
        }
        let back = decode(&encode(&answer.body("").unwrap())).unwrap();
        let names: Vec<&str> = back.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-kept", "retry-after"]);
    }

    #[test]
    fn anything_else_is_none() {
        for bytes in [
            b"".as_slice(),
            b"200",
            b"200\n",
            b"abc\n\n",
            b"200\nno colon\n\n",
            b"200\nb\xc3d:1\n\n",
            b"200\na:1\n",
        ] {
            assert!(decode(bytes).is_none(), "{bytes:?}");
        }
        assert!(decode(b"204\n\n").is_some());
    }
}
