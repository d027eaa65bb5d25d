//! The atomic steps that need more than one command: one script each, on one key.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A script and the name that EVALSHA knows it by.
pub(super) struct Script {
    text: &'static str,
    sha: LazyLock<String>,
}

impl Script {
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// SHA-1 of the text, in hex; the protocol's choice.
    pub(super) fn sha(&self) -> &str {
        &self.sha
    }
}

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(super) static $name: Script =
            Script { text: include_str!($file), sha: LazyLock::new(|| sha1_hex(include_str!($file))) };
    };
}

script!(
    /// ARGV: expected, new, milliseconds or 0. Answers 1 replaced, 2 the new value stands already, 0 another, -1 none.
    REPLACE_IF_EQUAL,
    "lua/replace_if_equal.lua"
);
script!(
    /// ARGV: expected. Answers 1 deleted, 0 another value, -1 none.
    DELETE_IF_EQUAL,
    "lua/delete_if_equal.lua"
);
script!(
    /// ARGV: stamp of 20 digits, stamped value, milliseconds or 0. Answers nil when stored, else the stamp that stands.
    SET_IF_NEWER,
    "lua/set_if_newer.lua"
);
script!(
    /// ARGV: token, milliseconds. Answers the stamped record that stands, 1 when the token stands, 0 when another does.
    LEASE,
    "lua/lease.lua"
);
script!(
    /// ARGV: token, stamped record, milliseconds or 0. Answers 1 stored, 0 refused.
    FILL,
    "lua/fill.lua"
);
script!(
    /// ARGV: stamp of 20 digits, milliseconds. Answers 1.
    INVALIDATE,
    "lua/invalidate.lua"
);
script!(
    /// ARGV: emission interval in microseconds, limit, cost, 1 for all or nothing. Answers granted, remaining,
    /// microseconds to retry, microseconds to reset, microseconds of the server's clock.
    TAKE,
    "lua/take.lua"
);

fn sha1_hex(text: &str) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
