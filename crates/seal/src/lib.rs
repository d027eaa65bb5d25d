//! Authenticated encryption of what is cached or stored where others can read or write.
//!
//! A [`KeyRing`] seals with its first key and opens with all of them, so that keys can be rotated: put the new key first,
//! and drop the old one when nothing that it sealed is left. What is sealed is bound to where it is stored, such as the
//! key of the cache: an envelope that somebody moved elsewhere does not open.
//!
//! A [`MacRing`] is derived from it for what has to be proved and may be read by everybody.
//!
//! The algorithm is AES-256-GCM-SIV (RFC 8452) of aws-lc with random nonces: should a nonce ever repeat, all that shows is
//! whether two plaintexts were equal.
//!
//! ```
//! use seal::{KeyRing, OpenError, SealingKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ring = KeyRing::new(SealingKey::from_bytes([7; 32]), []);
//! let envelope = ring.seal(b"postgres://...", b"tenant:1:settings")?;
//! assert_eq!(*ring.open(&envelope, b"tenant:1:settings")?, b"postgres://...");
//! assert_eq!(ring.open(&envelope, b"tenant:2:settings"), Err(OpenError::Refused));
//! # Ok(())
//! # }
//! ```

mod envelope;
mod key;
mod key_ring;
mod mac_ring;

pub use key::{KeyId, KeyIdError, SealingKey, SealingKeyError};
pub use key_ring::{KeyRing, KeyRingError, OpenError, SealError};
pub use mac_ring::{MacError, MacRing};
