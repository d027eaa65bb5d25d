//! Entries of the snapshot one behind another: a mark, the length, a checksum of it and of the entry, the entry.
//!
//! An entry that was not written whole, or was damaged, is found out by its checksum; what follows is found by its mark.

const MARK: [u8; 4] = *b"PMfs";
const HEAD: usize = MARK.len() + 4 + 4;
/// No entry is longer: what says so is damaged.
const MAX_LENGTH: usize = 8 * 1024 * 1024;

/// Puts an entry behind others. One that is too long is left out.
pub(super) fn push(frames: &mut Vec<u8>, entry: &[u8]) {
    let Ok(length) = u32::try_from(entry.len()) else { return };
    if entry.len() > MAX_LENGTH {
        return;
    }
    frames.extend_from_slice(&MARK);
    frames.extend_from_slice(&length.to_le_bytes());
    frames.extend_from_slice(&checksum(length, entry).to_le_bytes());
    frames.extend_from_slice(entry);
}

/// What an entry of this length takes with what is before it.
pub(super) fn framed(length: usize) -> usize {
    HEAD + length
}

fn checksum(length: u32, entry: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(entry);
    hasher.finalize()
}

/// The whole entries among these bytes, in their order.
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    /// How many bytes may be checksummed yet: of a file that is full of false marks not each is believed to be long.
    budget: usize,
    /// Stretches of bytes that are no entry.
    pub(super) damaged: u64,
}

impl<'a> Frames<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, budget: 4 * bytes.len(), damaged: 0 }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut is_damaged = false;
        while !self.rest.is_empty() {
            if let Some((entry, rest)) = whole(self.rest, &mut self.budget) {
                self.damaged += u64::from(is_damaged);
                self.rest = rest;
                return Some(entry);
            }
            is_damaged = true;
            // Where the next one may begin.
            let next = self.rest.iter().skip(1).position(|byte| *byte == MARK[0]);
            self.rest = next.and_then(|next| self.rest.get(next + 1..)).unwrap_or_default();
        }
        self.damaged += u64::from(is_damaged);
        None
    }
}

/// The entry that these bytes begin with, and what is behind it.
fn whole<'a>(bytes: &'a [u8], budget: &mut usize) -> Option<(&'a [u8], &'a [u8])> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    let (entry, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    if entry.len() > MAX_LENGTH {
        return None;
    }
    *budget = budget.checked_sub(entry.len())?;
    (checksum(length, entry) == u32::from_le_bytes(*sum)).then_some((entry, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in [&b"first"[..], b"PMfs in the second", b"third"] {
            push(&mut bytes, entry);
        }
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<&[u8]>, u64) {
        let mut frames = Frames::of(bytes);
        (frames.by_ref().collect(), frames.damaged)
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&three()), (vec![&b"first"[..], b"PMfs in the second", b"third"], 0));
        assert_eq!(read(b""), (vec![], 0));
    }

    #[test]
    fn one_that_was_torn_hides_none_before_and_none_behind() {
        let whole = three();
        for end in whole.len() - 16..whole.len() {
            let (entries, damaged) = read(&whole[..end]);
            assert_eq!((entries.len(), damaged), (2, 1), "{end}");
            // What was written after the machine came back.
            let mut more = whole[..end].to_vec();
            push(&mut more, b"fourth");
            let (entries, damaged) = read(&more);
            assert_eq!((entries.last(), damaged), (Some(&&b"fourth"[..]), 1), "{end}");
        }
    }

    #[test]
    fn false_marks_cost_no_more_than_the_file_is_long() {
        let mut bytes = Vec::new();
        for _ in 0..10_000 {
            bytes.extend_from_slice(&MARK);
            bytes.extend_from_slice(&50_000_u32.to_le_bytes());
            bytes.extend_from_slice(&[0; 4]);
        }
        push(&mut bytes, b"last");
        let mut frames = Frames::of(&bytes);
        assert_eq!((frames.by_ref().count(), frames.damaged), (1, 1));
        assert!(frames.budget < 50_000);
    }

    #[test]
    fn a_changed_byte_costs_one_entry() {
        let whole = three();
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            let (entries, damaged) = read(&changed);
            assert_eq!((entries.len(), damaged), (2, 1), "{place}");
        }
    }
}
