//! Which write of which caller.

use crate::caller::CallerId;
use crate::idempotency_key::IdempotencyKey;

/// Names one write: two callers may use the same key and mean different writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WriteKey {
    /// Who writes.
    pub caller: CallerId,
    /// What it calls this write.
    pub key: IdempotencyKey,
}

impl WriteKey {
    /// Where the write is remembered in the cache: `idempotency:{caller}:{key}`. A `:` or `%` of the caller is
    /// percent-encoded, so that no two writes have one place.
    pub fn cache_key(&self) -> String {
        let caller = self.caller.to_string().replace('%', "%25").replace(':', "%3A");
        format!("idempotency:{caller}:{}", self.key.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_key(caller: &str, key: &str) -> String {
        WriteKey { caller: caller.into(), key: IdempotencyKey::parse(key).unwrap() }.cache_key()
    }

    #[test]
    fn no_two_writes_have_one_place() {
        assert_eq!(cache_key("key-1", "order 17"), "idempotency:key-1:order 17");
        assert_eq!(cache_key("a:b", "c"), "idempotency:a%3Ab:c");
        assert_ne!(cache_key("a:b", "c"), cache_key("a", "b:c"));
        assert_ne!(cache_key("a:b", "c"), cache_key("a%3Ab", "c"));
    }

    #[test]
    fn a_log_shows_the_caller_and_not_the_key() {
        let write = WriteKey { caller: "key-1".into(), key: IdempotencyKey::parse("order-17").unwrap() };
        let shown = format!("{write:?}");
        assert!(shown.contains("key-1") && !shown.contains("order-17"), "{shown}");
    }
}
