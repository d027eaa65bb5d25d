//! The commands of the README, run as they stand.

use std::process::Command;

use crate::support::{Process, text};

const README: &str = include_str!("../../../../README.md");

/// The first block of this kind behind a text.
fn block(behind: &str, kind: &str) -> String {
    let (_, rest) = README.split_once(behind).unwrap_or_else(|| panic!("the README has no {behind:?}"));
    let (_, rest) = rest.split_once(&format!("```{kind}\n")).expect("a block");
    rest.split_once("\n```").expect("its end").0.to_owned()
}

/// Ids and times, which are others each time.
fn without_chance(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        let (word, behind) = after.split_once('"').unwrap_or((after, ""));
        let is_id = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_time = word.ends_with('Z') && word.contains('T') && word.starts_with("20");
        let word = if is_id {
            "ID"
        } else if is_time {
            "TIME"
        } else {
            word
        };
        shown.push_str(&format!("{before}\"{word}\""));
        rest = behind;
    }
    shown + rest.trim_end()
}

#[tokio::test]
async fn the_commands_do_what_the_readme_says() {
    let directory = tempfile::tempdir().unwrap();
    let service = Process::start(directory.path(), &[]).await;
    let shell = |script: &str| {
        let script = script.replace("localhost:4003", &service.base);
        let script = script.replace("data/", &format!("{}/", directory.path().display()));
        let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let first = "curl -s -H \"X-API-Key: $(cat data/admin-api-key)\" localhost:4003/v1/tenants";
    assert!(README.contains(first));
    assert_eq!(shell(first), block(first, "json"));
    let four = block("in four more:", "sh");
    assert_eq!(four.matches("curl ").count(), 4);
    let expected = block(&four, "json");
    assert_eq!(without_chance(&shell(&four)), without_chance(&expected));
}
