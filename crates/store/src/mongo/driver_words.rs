//! What the driver says of an error, in one sentence. Its own words hold all that it knows of the servers, and what was sent.

use std::collections::BTreeSet;

use mongodb::error::{Error, ErrorKind, WriteFailure};

/// What the driver writes before and behind the error of a server in its list of servers.
const BEFORE_REASON: &str = ", Error: Kind: ";
const BEHIND_REASON: &str = ", labels: ";
/// Longer texts are cut off.
const MOST: usize = 200;

/// The kind of the error, and of its cause where it is of use.
pub(super) fn sentence(error: &Error) -> String {
    match error.kind.as_ref() {
        ErrorKind::ServerSelection { message, .. } => of_selection(message),
        ErrorKind::DnsResolve { message, .. } => of_name(message),
        // Its message is the whole error of the call before it.
        ErrorKind::ConnectionPoolCleared { .. } => {
            "the connections were closed when another call failed".to_owned()
        }
        // Their messages may quote what was sent.
        ErrorKind::Command(refusal) => {
            format!("the server refuses the command: {} ({})", refusal.code_name, refusal.code)
        }
        ErrorKind::Write(WriteFailure::WriteError(refusal)) => {
            format!("the server refuses the write (code {})", refusal.code)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(refusal)) => {
            format!("the write is not acknowledged: {} ({})", refusal.code_name, refusal.code)
        }
        kind => brief(&kind.to_string()),
    }
}

/// Why no server could be chosen: what keeps each of them, without the list of all.
fn of_selection(message: &str) -> String {
    let reasons: BTreeSet<String> = message.split(BEFORE_REASON).skip(1).map(brief).collect();
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.into_iter().collect();
        return format!("no server can be reached ({})", reasons.join("; "));
    }
    let some_answer = message.contains("None of the available servers");
    let reason = if some_answer {
        "none of the servers that answer is the primary"
    } else {
        "no server answered in time"
    };
    reason.to_owned()
}

/// Why a name was not found, without the question that was asked.
fn of_name(message: &str) -> String {
    let reason = message.split(" for Query").next().unwrap_or_default();
    format!("the name cannot be looked up ({})", brief(reason))
}

fn brief(text: &str) -> String {
    let text = text.split(BEHIND_REASON).next().unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_servers_is_cut_to_what_keeps_them() {
        let server = |address: &str, reason: &str| {
            format!(
                "{{ Address: {address}, Type: Unknown, Error: Kind: I/O error: {reason}, labels: {{}}, source: None, \
                 server response: None }}"
            )
        };
        let head = "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [ ";
        let refused = "Connection refused (os error 111)";
        let message = format!("{head}{}, {} ] }}", server("a:1", refused), server("b:2", refused));
        assert_eq!(of_selection(&message), format!("no server can be reached (I/O error: {refused})"));
        let message = format!("{head}{}, {} ] }}", server("a:1", refused), server("b:2", "another"));
        let both = format!("no server can be reached (I/O error: {refused}; I/O error: another)");
        assert_eq!(of_selection(&message), both);
        let silent = format!("{head}{{ Address: a:1, Type: Unknown }} ] }}");
        assert_eq!(of_selection(&silent), "no server answered in time");
        let secondary =
            "Server selection timeout: None of the available servers suitable for criteria X. Topology: {}";
        assert_eq!(of_selection(secondary), "none of the servers that answer is the primary");
    }

    #[test]
    fn the_question_about_a_name_is_cut_off() {
        let message =
            "DNS error: no records found for Query { name: Name(\"_mongodb._tcp.a.\"), query_type: SRV }";
        assert_eq!(of_name(message), "the name cannot be looked up (DNS error: no records found)");
    }

    #[test]
    fn texts_are_of_one_line_and_not_long() {
        assert_eq!(brief("one\ntwo"), "one");
        assert_eq!(brief(&"ä".repeat(300)), format!("{}…", "ä".repeat(MOST)));
    }

    #[test]
    fn the_drivers_own_frame_does_not_show() {
        let error = Error::custom("a reason".to_owned());
        assert!(error.to_string().contains("labels"), "{error}");
        assert_eq!(sentence(&error), "Custom user error: a reason");
    }
}
