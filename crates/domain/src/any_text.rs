//! What holds for every parser of what callers write, for the property tests beside each.

use std::fmt::Debug;
use std::str::FromStr;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// Texts of every sort: anything at all, what can be typed, and what is nearly a name; also longer than any parser takes.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "\\PC{0,60}", "[ -~]{0,300}", " ?[A-Za-z0-9][A-Za-z0-9._@:/+=$ -]{0,80} ?"]
}

/// Reading it does not panic, and what is read is printed as a text that is read as the same.
pub(crate) fn fixed_point<T: FromStr + Into<String> + Clone + PartialEq + Debug>(
    text: &str,
) -> TestCaseResult {
    same_again(text, |value: T| value.into())
}

/// The same with another way to print it.
pub(crate) fn same_again<T: FromStr + Clone + PartialEq + Debug>(
    text: &str,
    print: impl Fn(T) -> String,
) -> TestCaseResult {
    if let Ok(value) = text.parse::<T>() {
        let printed = print(value.clone());
        prop_assert_eq!(printed.parse::<T>().ok(), Some(value), "{:?} is printed as {:?}", text, printed);
    }
    Ok(())
}
