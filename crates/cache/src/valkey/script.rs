//! The atomic steps that need more than one command: one script each, on one key. [`BATCH`] runs several of them.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A script and the name that EVALSHA knows it by.
pub(super) struct Script {
    name: &'static str,
    text: &'static str,
    sha: LazyLock<String>,
}

impl Script {
    /// The name of its step in [`BATCH`].
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// SHA-1 of the text, in hex; the protocol's choice.
    pub(super) fn sha(&'static self) -> &'static str {
        &self.sha
    }
}

macro_rules! script {
    ($(#[$doc:meta])* $constant:ident, $name:literal, $text:expr) => {
        $(#[$doc])*
        pub(super) static $constant: Script =
            Script { name: $name, text: $text, sha: LazyLock::new(|| sha1_hex($text)) };
    };
}

/// One script for each file, and one of all of them. Each begins with what they share.
macro_rules! scripts {
    ($($(#[$doc:meta])* $constant:ident = $name:literal,)*) => {
        $(script!(
            $(#[$doc])*
            $constant,
            $name,
            concat!(include_str!("lua/clock.lua"), include_str!(concat!("lua/", $name, ".lua")))
        );)*

        script!(
            /// Several commands, each on a key of its own, and each one of the scripts or a plain command. For one node only:
            /// in a cluster the keys of a script are of one slot. KEYS, ARGV and the answers are described in its file.
            BATCH,
            "batch",
            concat!(
                include_str!("lua/clock.lua"),
                "local steps = {}\n",
                // The names of its parameters stand for those that a script finds when it runs by itself.
                $("function steps.", $name, "(KEYS, ARGV)\n", include_str!(concat!("lua/", $name, ".lua")), "end\n",)*
                include_str!("lua/batch.lua")
            )
        );
    };
}

scripts! {
    /// ARGV: expected, new, milliseconds or 0. Answers 1 replaced, 2 the new value stands already, 0 another, -1 none.
    REPLACE_IF_EQUAL = "replace_if_equal",
    /// ARGV: expected. Answers 1 deleted, 0 another value, -1 none.
    DELETE_IF_EQUAL = "delete_if_equal",
    /// ARGV: stamp of 20 digits, stamped value, milliseconds or 0. Answers nil when stored, else the stamp that stands.
    SET_IF_NEWER = "set_if_newer",
    /// ARGV: token, milliseconds. Answers the stamped record that stands, 1 when the token stands, 0 when another does.
    LEASE = "lease",
    /// ARGV: token, stamped record, milliseconds or 0. Answers 1 stored, 0 refused.
    FILL = "fill",
    /// ARGV: stamp of 20 digits, milliseconds. Answers 1.
    INVALIDATE = "invalidate",
    /// ARGV: emission interval in microseconds, limit, cost, 1 for all or nothing. Answers how many were granted, when the
    /// limit will be whole again, and the server's time, both in microseconds.
    TAKE = "take",
}

fn sha1_hex(text: &str) -> String {
    const_hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}
