//! The matcher against a table, and against its own escapes.

use super::*;
use proptest::prelude::*;

fn matches(pattern: &str, key: &str) -> bool {
    pattern.parse::<Glob>().unwrap().matches(key.as_bytes())
}

#[test]
fn matches_as_the_server_does() {
    let cases = [
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "abcd", false),
        ("a*b*c", "a-b-b-c", true),
        ("h?llo", "hello", true),
        ("h?llo", "hllo", false),
        ("h[ae]llo", "hallo", true),
        ("h[^e]llo", "hello", false),
        ("h[a-c]llo", "hbllo", true),
        ("h[c-a]llo", "hbllo", true),
        ("a\\*", "a*", true),
        ("a\\*", "ab", false),
        ("[\\]]", "]", true),
        ("tenant:{*}:x", "tenant:{7}:x", true),
        ("[]", "a", false),
        ("[^]", "a", true),
    ];
    for (pattern, key, expected) in cases {
        assert_eq!(matches(pattern, key), expected, "{pattern} on {key}");
    }
}

#[test]
fn refuses_what_cannot_be_meant() {
    assert_eq!("".parse::<Glob>(), Err(GlobError::Empty));
    assert_eq!("a[b".parse::<Glob>(), Err(GlobError::UnclosedClass));
    assert_eq!("[a-]".parse::<Glob>(), Err(GlobError::UnclosedClass));
    assert_eq!("a\\".parse::<Glob>(), Err(GlobError::TrailingBackslash));
    assert_eq!("a".repeat(257).parse::<Glob>(), Err(GlobError::TooLong));
}

#[test]
fn knows_the_slot_of_a_tagged_pattern() {
    let slot = |pattern: &str| pattern.parse::<Glob>().unwrap().slot();
    assert_eq!(slot("tenant:{42}:*"), Some(key_slot(b"42")));
    assert_eq!(slot("exact"), Some(key_slot(b"exact")));
    assert_eq!(slot("tenant:{4*}:x"), None);
    assert_eq!(slot("tenant:{}:*"), None);
    assert_eq!(slot("*"), None);
}

#[test]
fn patterns_that_name_nothing_are_known() {
    for pattern in ["*", "**", "?*", "[^x]*", "*[a-z]*", "*:*", "[^a-]]*", "[s-]]*", "*|*", "* *", "*@*"] {
        assert!(pattern.parse::<Glob>().unwrap().is_made_of_wildcards(), "{pattern}");
    }
    for pattern in ["a*", ":", "*1*", "*é*", "\\a*"] {
        assert!(!pattern.parse::<Glob>().unwrap().is_made_of_wildcards(), "{pattern}");
    }
}

/// A matcher that tries would need 10^9 steps here.
#[test]
fn long_keys_take_linear_time() {
    let key = "a".repeat(1_000_000);
    assert!(!matches(&("*".to_owned() + &"a".repeat(200) + "b"), &key));
    assert!(!matches(&("*a".repeat(100) + "b"), &key));
    assert!(matches(&("*a".repeat(100) + "*"), &key));
}

proptest! {
    #[test]
    fn an_escaped_text_matches_itself_only(text in "[ -~]{1,20}", other in "[ -~]{1,20}") {
        let glob: Glob = Glob::escape(&text).parse().unwrap();
        prop_assert!(glob.matches(text.as_bytes()));
        prop_assert_eq!(glob.matches(other.as_bytes()), text == other);
    }
}

proptest! {
    /// Near the grammar, so that most are patterns; the keys are any bytes.
    #[test]
    fn any_text_is_refused_or_matches_without_panic(
        text in prop_oneof![any::<String>(), r"[a-c*?\[\]^\\-]{0,40}", "[*a]{200,300}"],
        key in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        match text.parse::<Glob>() {
            Ok(glob) => {
                prop_assert!(text.len() <= MAX_LENGTH);
                prop_assert_eq!(glob.as_str(), text.as_str());
                let again: Glob = glob.as_str().parse().unwrap();
                prop_assert_eq!(again.matches(&key), glob.matches(&key));
                prop_assert_eq!(again.slot(), glob.slot());
            }
            Err(GlobError::TooLong) => prop_assert!(text.len() > MAX_LENGTH),
            Err(_) => {}
        }
    }
}
