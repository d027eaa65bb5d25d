//! What a values file of the chart sets, and what is wrong with that before anything is rendered.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Row, text_of};
use crate::config::{Variable, Variables};
use crate::failure::Failure;

const ARGUMENT: &str = "--values";
const SUBJECT: &str = "values";
const COMPONENT: &str = "poolManager";
/// Groups of variables below the component that anybody may read who may look at a pod.
const OPEN: [&str; 2] = ["configmap", "extraEnvVars"];
/// Those that become a Secret.
const SEALED: &str = "secrets";
/// What the chart sets by itself. They name files, and those of this machine are not those of the pod.
const OF_THE_CHART: [&str; 4] = ["CACHE_PASSWORD_FILE", "DATA_DIR", "TLS_CERT_FILE", "TLS_KEY_FILE"];
const TELEMETRY: &str = "ENABLE_TELEMETRY";
const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Groups at the top that charts of others have; ours reads none of them.
const FOREIGN: [&str; 2] = ["env", "envFrom"];

/// What the chart sets where nobody says otherwise: `poolManager.configmap` of its values.yaml.
const CHART_DEFAULTS: [(&str, &str); 5] = [
    ("CACHE_TLS_ENABLED", "true"),
    ("DEPLOYMENT_MODE", "saas"),
    ("LOG_FORMAT", "json"),
    ("SECRETS_BACKEND", "aws"),
    ("SERVER_PORT", "4003"),
];

/// What the chart demands of the Secrets that values name, each with a value of the right form for whoever does not have it. Nothing is
/// connected to beside values.
const OF_SECRETS: [(&str, &str); 5] = [
    ("BOOTSTRAP_ADMIN_API_KEY", "of-a-secret-that-is-not-looked-at"),
    (ADDRESSES, "of-a-secret:6379"),
    ("CACHE_PASSWORD", "of-a-secret-that-is-not-looked-at"),
    ("MONGO_URI", "mongodb://of-a-secret/"),
    ("SECRETS_ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
];
pub(super) const ADDRESSES: &str = "CACHE_ADDRS";

/// What was read.
#[derive(Debug, Default)]
pub(super) struct ChartValues {
    /// Whether a Secret of the cluster brings variables.
    names_a_secret: bool,
    /// The variables, as the pod would have them. Blank ones, which would hide a Secret, are left out.
    pub(super) variables: Vec<(String, String)>,
    /// What is wrong.
    pub(super) rows: Vec<Row>,
}

/// Reads the files; of what several say the last counts, as with helm.
///
/// # Errors
/// When one is no YAML (of which JSON is a part), or no map.
pub(super) fn read(files: &[PathBuf]) -> Result<ChartValues, Failure> {
    if files.is_empty() {
        return Ok(ChartValues::default());
    }
    let mut merged = chart_defaults();
    for file in files {
        merge(&mut merged, read_one(file)?);
    }
    Ok(examine(&merged))
}

fn chart_defaults() -> Map<String, Value> {
    let configmap = CHART_DEFAULTS.map(|(name, value)| (name.to_owned(), Value::from(value)));
    let component = Map::from_iter([(OPEN[0].to_owned(), Value::Object(configmap.into_iter().collect()))]);
    Map::from_iter([(COMPONENT.to_owned(), Value::Object(component))])
}

fn read_one(file: &Path) -> Result<Map<String, Value>, Failure> {
    let text = text_of(ARGUMENT, file)?;
    let refused = |reason: String| Failure::Argument { argument: ARGUMENT, reason };
    let values: Value = serde_saphyr::from_str(&text).map_err(|error| {
        // The error quotes lines, which may hold secrets.
        let place = error.location().map_or_else(String::new, |at| format!(" at line {}", at.line()));
        refused(format!("{} is no YAML{place}; write what helm takes", file.display()))
    })?;
    match values {
        Value::Object(values) => Ok(values),
        Value::Null => Ok(Map::new()),
        _ => Err(refused(format!("{} is no map; write what helm takes", file.display()))),
    }
}

/// Maps become one; of anything else the later counts, and a null takes away what was there.
fn merge(values: &mut Map<String, Value>, later: Map<String, Value>) {
    for (name, value) in later {
        match (values.get_mut(&name), value) {
            (Some(Value::Object(values)), Value::Object(later)) => merge(values, later),
            (_, Value::Null) => drop(values.remove(&name)),
            (_, value) => drop(values.insert(name, value)),
        }
    }
}

fn examine(values: &Map<String, Value>) -> ChartValues {
    let mut found = ChartValues::default();
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
    found.add_what_the_chart_sets();
    found.names_a_secret = names_a_secret(component);
    found
}

/// By which values; that of Valkey's has a name unless it is taken away.
fn names_a_secret(component: Option<&Value>) -> bool {
    let Some(component) = component else { return false };
    let text = |path: &str| component.pointer(path).and_then(scalar).unwrap_or_default();
    let is_on = |path: &str| !matches!(text(path).as_str(), "" | "false" | "0");
    is_on("/useExistingSecret") || is_on("/externalSecret/enabled") || is_on("/valkey/externalSecret/enabled")
}

impl ChartValues {
    /// Stands in for what a Secret brings and `environment` does not have, and says so. The names are of what was stood in for.
    pub(super) fn stand_in(&mut self, environment: &Variables) -> Vec<&'static str> {
        if !self.names_a_secret {
            return Vec::new();
        }
        let is_set =
            |name: &str| environment.has(name) || self.variables.iter().any(|(known, _)| known == name);
        let missing: Vec<_> = OF_SECRETS.into_iter().filter(|(name, _)| !is_set(name)).collect();
        let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
        if !names.is_empty() {
            self.rows.push(Row::warning(
                SUBJECT,
                format!("come from Secrets that are not looked at: {}", names.join(", ")),
                "set them in this environment to have them looked at, too",
            ));
        }
        self.variables.extend(missing.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        names
    }

    /// The collector of the node, where telemetry is on and no other is named. Its address stands for any other machine's.
    fn add_what_the_chart_sets(&mut self) {
        let value =
            |name: &str| self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
        let is_on = value(TELEMETRY).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1");
        if is_on && value(COLLECTOR).is_none() {
            self.variables.push((COLLECTOR.to_owned(), "http://192.0.2.1:4317".to_owned()));
        }
    }

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
            if OF_THE_CHART.contains(&name) {
                self.rows.push(Row::misconfigured(
                    SUBJECT,
                    format!("{place}.{name}: the chart sets it"),
                    "remove the line; README.md of the chart says which value does it",
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
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
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
    fn the_defaults_are_those_of_the_chart() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/pool-manager/values.yaml");
        let values = read_one(&file).unwrap();
        assert_eq!(values[COMPONENT][OPEN[0]], chart_defaults()[COMPONENT][OPEN[0]]);
    }

    #[test]
    fn of_several_files_the_last_counts() {
        let map = |text: &str| serde_saphyr::from_str::<Map<String, Value>>(text).unwrap();
        let mut merged = map("a: {b: 1, c: 2, d: {e: 3}}\nf: [1]");
        merge(&mut merged, map("a: {b: 4, c: null, d: {g: 5}}\nf: [2]"));
        assert_eq!(merged, map("a: {b: 4, d: {e: 3, g: 5}}\nf: [2]"));
    }

    #[test]
    fn blanks_secrets_in_the_open_and_foreign_groups_are_told() {
        let text = "env:\n  CACHE_MODE: single\n  CACHE_ADDRS: \"\"\n  CACHE_PASSWORD: \" \"\n  CACHE_USERNAME:\nenvFrom:\n  - secretRef: {name: valkey-credentials}\n\
                    poolManager:\n  configmap:\n    CACHE_PASSWORD_FILE: /etc/shadow\n    MONGO_URI: mongodb://u:marked@h/\n";
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
        assert!(
            faults.iter().any(|fault| fault.ends_with("CACHE_PASSWORD_FILE: the chart sets it")),
            "{faults:?}"
        );
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(!faults.concat().contains("marked"));
    }
}
