//! Patterns: our matcher and the server's agree.

use std::collections::BTreeSet;

use bytes::Bytes;
use cache::{CacheClient, Expiry, Glob};
use futures::StreamExt;

use super::on_every_backend;
use crate::backend::Backend;

const PATTERNS: &[&str] = &[
    "*",
    "**",
    "?",
    "??",
    "?*",
    "*?",
    "*?*",
    "a",
    "a*",
    "*a",
    "*a*",
    "a?c",
    "a*c",
    "a**c",
    "*b*c*",
    "*ab",
    "abc",
    "[abc]",
    "[a-c]",
    "[c-a]",
    "[^a]",
    "[^a-c]",
    "[a-c]*",
    "*[a-c]",
    "[^a-c]*",
    "[]",
    "[^]",
    "[]*",
    "[a^]",
    "[\\]]",
    "[\\]a]*",
    "[^\\]]",
    "[a\\-c]",
    "[\\--\\-]",
    "[-a]",
    "[a-]]",
    "[]-a]",
    "[a-c-e]",
    "[*]",
    "[?]",
    "[\\\\]",
    "[[]",
    "[[-a]*",
    "\\*",
    "\\**",
    "*\\*",
    "\\?",
    "\\[*",
    "\\]",
    "]",
    "]*",
    "*]",
    "\\a",
    "\\\\",
    "\\\\*",
    "a\\bc",
    "^",
    "^*",
    "[!a]",
    "[!-~]",
    "[ -~]*",
    "?\\]",
    "*\\[?\\]*",
    "-",
    "a-c",
    "[a-c][a-c]",
    "[a-c][^a-c]*",
    "é*",
    "?é",
    "??é",
];

const KEYS: &[&[u8]] = &[
    b"",
    b"a",
    b"b",
    b"c",
    b"d",
    b"e",
    b"-",
    b"^",
    b"!",
    b"*",
    b"?",
    b"[",
    b"]",
    b"\\",
    b"**",
    b"a*",
    b"*a",
    b"a?",
    b"[a]",
    b"[]",
    b"a]",
    b"]a",
    b"-]",
    b"b]",
    b"c]",
    b"[-a]",
    b"a-c",
    b"ab",
    b"ac",
    b"abc",
    b"abcd",
    b"aXc",
    b"a\0c",
    b"a\nc",
    b"abbc",
    b"abcabc",
    b"bab",
    b"cab",
    b"\\a",
    b"\\*",
    b"a\\bc",
    b"\0",
    b"\0\0",
    b"\xff",
    b"a\xff",
    b"\xff\xfea",
    b"\xc3\xa9",
    b"a\xc3\xa9",
    b"x\xc3\xa9y",
    b"A",
    b"ABC",
    b" ",
    b"a b",
    b"{a}",
    b"}{",
];

async fn both_matchers_agree(backend: &Backend) {
    // One slot, so that most patterns are answered by one node.
    let tag = format!("{{{}}}", backend.prefix);
    let keys: Vec<Bytes> = KEYS.iter().map(|key| [tag.as_bytes(), key].concat().into()).collect();
    for key in &keys {
        backend.cache.set(key, "v".into(), Expiry::Never).await.unwrap();
    }
    for pattern in PATTERNS {
        let glob: Glob = format!("{tag}{pattern}").parse().unwrap();
        let expected: BTreeSet<&Bytes> = keys.iter().filter(|key| glob.matches(key)).collect();
        let mut stream = backend.keyspace().stream(&glob);
        let mut found = Vec::new();
        while let Some(batch) = stream.next().await {
            found.extend(batch.unwrap());
        }
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "streamed by {pattern}");
        let paged = backend.page_through(&glob, 1_000).await.concat();
        assert_eq!(paged.iter().collect::<BTreeSet<_>>(), expected, "paged by {pattern}");
    }
}
on_every_backend!(both_matchers_agree: embedded_globs, single_globs, cluster_globs);
