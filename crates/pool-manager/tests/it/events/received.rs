//! What one subscriber got, beside what the log says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The numbers and tenants of messages, in the order they came.
pub(crate) struct Received(Vec<(u64, String)>);

impl Received {
    pub(crate) fn of(messages: &[Value]) -> Self {
        let of = |message: &Value| {
            let sequence = message["sequence"].as_u64().unwrap();
            (sequence, message["tenant_id"].as_str().unwrap().to_owned())
        };
        Self(messages.iter().map(of).collect())
    }

    pub(crate) fn numbers(&self) -> BTreeSet<u64> {
        self.0.iter().map(|(number, _)| *number).collect()
    }

    /// The numbers that are between those that came: what a subscriber can tell that it missed.
    pub(crate) fn gaps(&self) -> BTreeSet<u64> {
        let numbers = self.numbers();
        let pairs = numbers.iter().zip(numbers.iter().skip(1));
        pairs.flat_map(|(one, next)| one + 1..*next).collect()
    }

    /// How many came more than once.
    pub(crate) fn repeats(&self) -> usize {
        self.0.len() - self.numbers().len()
    }

    /// Each message as it came first: those of one tenant in the order of their numbers.
    pub(crate) fn assert_in_order(&self, whose: &str) {
        let (mut seen, mut last) = (BTreeSet::new(), BTreeMap::new());
        for (number, tenant) in &self.0 {
            if seen.insert(*number) {
                let before = last.insert(tenant, *number).unwrap_or_default();
                assert!(before < *number, "{whose}: {tenant} got {number} after {before}");
            }
        }
    }
}
