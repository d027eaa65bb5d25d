//! Which slot of a cluster a key belongs to.

/// The slot of `key`: CRC-16/XMODEM of its hash tag, or of the whole key, modulo 16,384 (Valkey cluster
/// specification). Written bit by bit on purpose: a second, independent form of what the product computes.
pub fn key_slot(key: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for byte in hashed_part(key) {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc % 16_384
}

fn hashed_part(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else {
        return key;
    };
    let tag = key.get(open + 1..).unwrap_or_default();
    match tag.iter().position(|byte| *byte == b'}') {
        Some(close) if close > 0 => tag.get(..close).unwrap_or(key),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::key_slot;

    #[test]
    fn known_slots() {
        assert_eq!(key_slot(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"foo"), 12_182);
        assert_eq!(key_slot(b"{user1000}.following"), key_slot(b"user1000"));
        assert_eq!(key_slot(b"foo{}{bar}"), key_slot(b"foo{}{bar}"));
        assert_ne!(key_slot(b"foo{}{bar}"), key_slot(b"bar"));
        assert_eq!(key_slot(b"foo{{bar}}zap"), key_slot(b"{bar"));
    }
}
