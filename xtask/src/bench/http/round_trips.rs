//! How often a service went to Valkey, from what the server counted.

use std::collections::HashMap;

use testkit::Resp;

/// Calls of each command so far, also of those that ran inside scripts.
pub(super) struct Calls(HashMap<String, u32>);

impl Calls {
    /// Asks the server.
    pub(super) async fn read(connection: &mut Resp) -> Self {
        Self::parse(&connection.command(&["INFO", "commandstats"]).await.text())
    }

    fn parse(info: &str) -> Self {
        let calls = info.lines().filter_map(|line| {
            let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            let (calls, _) = figures.split_once(',')?;
            Some((name.to_owned(), calls.parse().ok()?))
        });
        Self(calls.collect())
    }

    /// Round trips since `before`. The server does not tell a command of a script from one that was sent, but every
    /// script of the service reads its key once and writes it at most once: what goes beyond that was sent. What a
    /// link says about itself (`HELLO`, `CLIENT`, `PING`, ...) and what this program asks (`INFO`) does not count.
    pub(super) fn since(&self, before: &Self) -> f64 {
        let calls = |name: &str| {
            let count = |calls: &Self| calls.0.get(name).copied().unwrap_or(0);
            count(self).saturating_sub(count(before))
        };
        let scripts = calls("evalsha") + calls("eval");
        let beyond_scripts = |name| calls(name).saturating_sub(scripts);
        let sent = scripts + beyond_scripts("get") + beyond_scripts("set");
        f64::from(sent + calls("unlink") + calls("exists") + calls("pexpire") + calls("incr"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_scripts_are_no_round_trips() {
        let before = Calls::parse("# Commandstats\r\ncmdstat_get:calls=5,usec=9,usec_per_call=1.8\r\n");
        let after = Calls::parse(
            "cmdstat_get:calls=16,usec=9\r\ncmdstat_set:calls=15,usec=1\r\ncmdstat_evalsha:calls=10,usec=1\r\n\
             cmdstat_time:calls=10,usec=1\r\ncmdstat_client|setname:calls=3,usec=1\r\n",
        );
        assert_eq!(after.since(&before), 10.0 + 1.0 + 5.0);
    }
}
