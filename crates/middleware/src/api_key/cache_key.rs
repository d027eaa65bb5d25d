//! Where what is known of a key is held, here and in the shared cache.

use std::ops::Deref;

use domain::ApiKeyHash;
pub(super) use domain::cache_keys::API_KEY as PREFIX;

/// What a key is held under: the prefix and the hash in hex.
#[derive(Clone, Copy)]
pub(super) struct CacheKey([u8; PREFIX.len() + 64]);

impl CacheKey {
    pub(super) fn of(hash: &ApiKeyHash) -> Self {
        let mut key = [0; PREFIX.len() + 64];
        let (prefix, digits) = key.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        digits.copy_from_slice(const_hex::Buffer::<32>::new().format(hash.as_bytes()).as_bytes());
        Self(key)
    }
}

impl Deref for CacheKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_held_under_its_hash_in_hex() {
        let hash = ApiKeyHash::from_bytes(std::array::from_fn(|index| index as u8 * 8));
        assert_eq!(&*CacheKey::of(&hash), format!("apikey:sha256:{hash}").as_bytes());
    }
}
