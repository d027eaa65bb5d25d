//! What a command is made of, without its values.

use std::collections::BTreeSet;

use mongodb::bson::{Bson, Document};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;

use super::settings::OnCommand;

/// Tells `listener` the words of every command.
pub(super) fn handler(listener: OnCommand) -> EventHandler<CommandEvent> {
    EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            let words: Vec<String> = words(&started.command_name, &started.command).into_iter().collect();
            listener(&words);
        }
    })
}

fn words(name: &str, command: &Document) -> BTreeSet<String> {
    let mut words = BTreeSet::from([name.to_owned()]);
    for (key, value) in command {
        // The protocol's own parts say nothing of a command.
        if key != name && key != "$db" && key != "lsid" {
            words.insert(format!("{name}.{key}"));
            add_operators(value, &mut words);
        }
    }
    for index in command.get_array("indexes").into_iter().flatten().filter_map(Bson::as_document) {
        words.extend(index.keys().map(|key| format!("index.{key}")));
    }
    words
}

fn add_operators(value: &Bson, words: &mut BTreeSet<String>) {
    match value {
        Bson::Array(values) => values.iter().for_each(|value| add_operators(value, words)),
        Bson::Document(document) => {
            for (key, value) in document {
                if key.starts_with('$') {
                    words.insert(key.clone());
                }
                add_operators(value, words);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn names_options_and_operators_count_and_values_do_not() {
        let command = doc! {
            "update": "tenants",
            "$db": "records",
            "updates": [{ "q": { "a": { "$in": ["$secret"] } }, "u": { "$set": { "b": 1 } } }],
        };
        let expected = ["$in", "$set", "update", "update.updates"].map(str::to_owned);
        assert_eq!(words("update", &command), BTreeSet::from(expected));
        let command = doc! { "createIndexes": "t", "indexes": [{ "key": { "a": 1 }, "unique": true }] };
        assert!(words("createIndexes", &command).contains("index.unique"));
    }
}
