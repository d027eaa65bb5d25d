//! Paused tries.
