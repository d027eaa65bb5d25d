//! Which request's answer is to be lost.

/// Loses the answers of some requests.
#[derive(Debug)]
pub(super) struct CutRule {
    /// What the request must contain; nothing when every piece counts as a request.
    needle: Vec<u8>,
    /// How many matching requests pass unharmed first.
    skip: usize,
    /// How many are still to be harmed.
    times: usize,
}

impl CutRule {
    pub(super) fn after(n: usize) -> Self {
        Self { needle: Vec::new(), skip: n.saturating_sub(1), times: 1 }
    }

    pub(super) fn containing(needle: &[u8], times: usize) -> Self {
        Self { needle: needle.to_vec(), skip: 0, times }
    }

    /// Whether the answer to what is in `piece` is to be lost. `before` is the end of the piece before it, where
    /// a match may have begun.
    pub(super) fn takes(&mut self, before: &[u8], piece: &[u8]) -> bool {
        if self.times == 0 || !self.is_in(before, piece) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }

    fn is_in(&self, before: &[u8], piece: &[u8]) -> bool {
        if self.needle.is_empty() {
            return true;
        }
        // A match that lay in the piece before as a whole was seen there.
        let overlap = before.len().min(self.needle.len() - 1);
        let start = before.get(before.len() - overlap..).unwrap_or_default();
        [start, piece].concat().windows(self.needle.len()).any(|window| window == self.needle)
    }
}

#[cfg(test)]
mod tests {
    use super::CutRule;

    #[test]
    fn counts_and_finds_across_pieces() {
        let mut third = CutRule::after(3);
        assert_eq!([1, 2, 3, 4].map(|_| third.takes(b"", b"x")), [false, false, true, false]);

        let mut named = CutRule::containing(b"INCR", 2);
        assert!(!named.takes(b"", b"GET a IN"));
        assert!(named.takes(b"GET a IN", b"CR b"));
        assert!(!named.takes(b"x INCR", b" b"), "seen in the piece before");
        assert!(named.takes(b"", b"xINCR"));
        assert!(!named.takes(b"", b"INCR"), "only twice");
    }
}
