//! Numbers as digits and letters, without characters that break a word when it is double-clicked.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The big-endian number in `bytes` as exactly `width` characters; digits beyond the width are cut off.
pub(crate) fn encode(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; width];
    for place in text.iter_mut().rev() {
        let mut rest = 0_usize;
        for byte in &mut number {
            let value = rest * 256 + usize::from(*byte);
            // Below 256, because `rest` is below 62.
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *place = DIGITS[rest];
    }
    text.into_iter().map(char::from).collect()
}

/// The number as exactly `WIDTH` characters; digits beyond the width are cut off.
pub(crate) fn digits<const WIDTH: usize>(mut number: u32) -> [u8; WIDTH] {
    let mut text = [b'0'; WIDTH];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    text
}

/// Whether the text is made of these characters only.
pub(crate) fn is_base62(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers() {
        assert_eq!(encode(&[0], 3), "000");
        assert_eq!(encode(&[61], 1), "z");
        assert_eq!(encode(&[62], 2), "10");
        assert_eq!(encode(&u32::MAX.to_be_bytes(), 6), "4gfFC3");
        assert_eq!(&digits::<6>(u32::MAX), b"4gfFC3");
        assert_eq!(&digits::<3>(62), b"010");
    }

    #[test]
    fn the_widths_of_a_key_hold_their_numbers() {
        // One digit more would be a leading zero for the greatest number.
        assert_ne!(&encode(&[0xFF; 32], 43)[..1], "0");
        assert_eq!(&encode(&[0xFF; 32], 44)[..1], "0");
        assert_eq!(&encode(&[0xFF; 8], 12)[..1], "0");
    }
}
