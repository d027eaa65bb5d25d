//! Whole-service tests live in `it/`.
