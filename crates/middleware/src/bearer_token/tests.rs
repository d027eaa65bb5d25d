mod keys;
mod layers;
mod policy;
mod support;
mod tampered;
