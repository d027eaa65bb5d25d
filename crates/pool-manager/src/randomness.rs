//! The system's randomness.

use tenancy::{NoRandomness, Random};
use uuid::Uuid;

/// Ids and keys of the system's random bytes.
pub(crate) const SYSTEM: Random = Random { uuid: Uuid::new_v4, fill };

fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(bytes).map_err(|_no_reason| NoRandomness)
}
