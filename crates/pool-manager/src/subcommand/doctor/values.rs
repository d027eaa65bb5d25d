//! What a values file of the chart sets, and what is wrong with that before anything is rendered.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Row, text_of};
use crate::config::Variable;
use crate::failure::Failure;

const ARGUMENT: &str = "--values";
const SUBJECT: &str = "values";
const COMPONENT: &str = "poolManager";
/// Groups of variables below the component that anybody may read who may look at a pod.
const OPEN: [&str; 2] = ["configmap", "extraEnvVars"];
/// Those that become a Secret.
const SEALED: &str = "secrets";
/// Groups at the top that charts of others have; ours reads none of them.
const FOREIGN: [&str; 2] = ["env", "envFrom"];

/// What was read.
#[derive(Debug)]
pub(super) struct ChartValues {
    /// The variables, as the pod would have them. Blank ones, which would hide a Secret, are left out.
    pub(super) variables: Vec<(String, String)>,
    /// What is wrong.
    pub(super) rows: Vec<Row>,
}

/// Reads the file.
///
/// # Errors
/// When it is no YAML (of which JSON is a part), or no map.
pub(super) fn read(file: &Path) -> Result<ChartValues, Failure> {
    let text = text_of(ARGUMENT, file)?;
    let refused = |reason: String| Failure::Argument { argument: ARGUMENT, reason };
    let values: Value = serde_saphyr::from_str(&text).map_err(|error| {
        // The error quotes lines, which may hold secrets.
        let place = error.location().map_or_else(String::new, |at| format!(" at line {}", at.line()));
        refused(format!("{} is no YAML{place}; write what helm takes", file.display()))
    })?;
    match values {
        Value::Object(values) => Ok(examine(&values)),
        Value::Null => Ok(examine(&Map::new())),
        _ => Err(refused(format!("{} is no map; write what helm takes", file.display()))),
    }
}

fn examine(values: &Map<String, Value>) -> ChartValues {
    let mut found = ChartValues { variables: Vec::new(), rows: Vec::new() };
    for name in FOREIGN.into_iter().filter(|name| values.contains_key(*name)) {
        found.rows.push(Row::misconfigured(
            SUBJECT,
            format!("{name}: the chart has no such value, so nothing under it reaches the pod"),
            format!("write variables under {COMPONENT}.configmap, and name the Secret in {COMPONENT}.valkey.existingSecretName"),
        ));
        found.take(name, values.get(name), true);
    }
    let component = values.get(COMPONENT);
    let group = |name: &str| component.and_then(|component| component.get(name));
    for name in OPEN {
        found.take(&format!("{COMPONENT}.{name}"), group(name), true);
    }
    found.take(&format!("{COMPONENT}.{SEALED}"), group(SEALED), false);
    found
}

impl ChartValues {
    fn take(&mut self, place: &str, group: Option<&Value>, is_open: bool) {
        for (name, value) in pairs(group) {
            let Some(value) = scalar(value) else { continue };
            if value.trim().is_empty() {
                self.rows.push(Row::misconfigured(
                    SUBJECT,
                    format!("{place}.{name}: blank, and hides what the Secret has under this name"),
                    "remove the line: the Secret alone sets it",
                ));
                continue;
            }
            if is_open && Variable::all().any(|known| known.name == name && known.is_secret()) {
                self.rows.push(Row::misconfigured(
                    SUBJECT,
                    format!("{place}.{name}: is a secret, and everybody reads it who may look at the pod"),
                    format!("take it to an existing Secret, or to {COMPONENT}.{SEALED}, and make another"),
                ));
            }
            self.variables.push((name.to_owned(), value));
        }
    }
}

/// Names and values of a group: a map, or a list of `name` and `value`.
fn pairs(group: Option<&Value>) -> Vec<(&str, &Value)> {
    match group {
        Some(Value::Object(map)) => map.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Some(Value::Array(list)) => {
            list.iter().filter_map(|item| Some((item.get("name")?.as_str()?, item.get("value")?))).collect()
        }
        _ => Vec::new(),
    }
}

/// As the pod would have it; `None` for what is taken from elsewhere.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(text: &str) -> (Vec<(String, String)>, Vec<String>) {
        let Value::Object(values) = serde_saphyr::from_str(text).unwrap() else { panic!("no map") };
        let found = examine(&values);
        (found.variables, found.rows.into_iter().map(|row| row.detail).collect())
    }

    #[test]
    fn variables_are_taken_as_the_pod_has_them() {
        let text = "poolManager:\n  configmap:\n    CACHE_MODE: cluster\n    CACHE_POOL_SIZE: 20\n    CACHE_TLS_ENABLED: true\n\
                    \x20 extraEnvVars:\n    - name: LOG_LEVEL\n      value: debug\n    - name: HOST_IP\n      valueFrom: {fieldRef: {fieldPath: status.hostIP}}\n\
                    \x20 secrets:\n    MONGO_URI: mongodb://u:p@h/\n";
        let (variables, faults) = examined(text);
        let expected = [
            ("CACHE_MODE", "cluster"),
            ("CACHE_POOL_SIZE", "20"),
            ("CACHE_TLS_ENABLED", "true"),
            ("LOG_LEVEL", "debug"),
            ("MONGO_URI", "mongodb://u:p@h/"),
        ];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!((variables, faults), (expected, vec![]));
    }

    #[test]
    fn blanks_secrets_in_the_open_and_foreign_groups_are_told() {
        let text = "env:\n  CACHE_MODE: single\n  CACHE_ADDRS: \"\"\n  CACHE_PASSWORD:\nenvFrom:\n  - secretRef: {name: valkey-credentials}\n\
                    poolManager:\n  configmap:\n    MONGO_URI: mongodb://u:marked@h/\n";
        let (_, faults) = examined(text);
        for expected in [
            "env: the chart",
            "env.CACHE_ADDRS: blank",
            "env.CACHE_PASSWORD: blank",
            "envFrom: the chart",
            "poolManager.configmap.MONGO_URI: is a secret",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}: {faults:?}");
        }
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert!(!faults.concat().contains("marked"));
    }
}
