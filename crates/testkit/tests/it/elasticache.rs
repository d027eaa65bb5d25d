//! The cluster shaped like ElastiCache's refuses what AWS refuses, and announces names.

use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::{DENIED_COMMANDS, ElastiCache, Resp, find_program};

struct Client<'a> {
    cache: &'a ElastiCache,
    credentials: Vec<&'a str>,
}

impl Client<'_> {
    fn run(&self, words: &[&str]) -> String {
        let (host, port) = self
            .cache
            .endpoint()
            .split_once(':')
            .map(|(h, p)| (h.to_owned(), p.to_owned()))
            .expect("host:port");
        let output = Command::new(find_program("valkey-cli").expect("valkey-cli is on the PATH"))
            .args(["-h", &host, "-p", &port, "--tls", "--cacert"])
            .arg(self.cache.authority().file())
            .args(&self.credentials)
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("valkey-cli runs");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        text.trim().to_owned()
    }
}

#[tokio::test]
async fn refuses_what_aws_refuses_and_announces_names() {
    let cache = ElastiCache::start().await;
    let user = Client {
        cache: &cache,
        credentials: vec!["--no-auth-warning", "--user", cache.username(), "--pass", cache.password()],
    };
    let token = Client { cache: &cache, credentials: vec!["--no-auth-warning", "--pass", cache.token()] };
    let nobody = Client { cache: &cache, credentials: vec![] };

    assert!(nobody.run(&["PING"]).starts_with("NOAUTH"));
    for client in [&user, &token] {
        assert_eq!(client.run(&["PING"]), "PONG");
        for command in DENIED_COMMANDS {
            let mut words: Vec<&str> = command.split('|').collect();
            words.extend(arguments(command));
            let answer = client.run(&words);
            assert!(answer.contains("NOPERM User"), "{command}: {answer}");
        }
    }
    let shards = user.run(&["CLUSTER", "SHARDS"]);
    assert!(shards.contains("hostname\nlocalhost") && shards.contains("endpoint\nlocalhost"), "{shards}");
    assert!(shards.contains("tls-port"), "{shards}");
    assert!(user.run(&["CLUSTER", "INFO"]).contains("cluster_state:ok"));

    // TLS only: a client without it gets no answer.
    let address = cache.cluster().addresses()[0];
    let plain = Resp::connect(address).await.expect("the port is open").with_limit(Duration::from_secs(2));
    assert!({ plain }.try_command(&["PING"]).await.is_err());
}

#[tokio::test]
async fn fails_over_and_moves_slots_under_the_harness() {
    let cache = ElastiCache::start().await;
    let cluster = cache.cluster();
    cluster.fill((0..3_000).map(|number| (format!("key-{number}"), "value".to_owned()))).await;
    let (first, last) = (cluster.node_for_slot(0).await, cluster.node_for_slot(16_383).await);
    cluster.move_slots(0..=99, &last).await;
    assert_eq!(cluster.node_for_slot(99).await.id, last.id);
    cluster.wait_until_ok().await;
    cluster.kill(first.address);
    cluster.wait_until_failed_over(first.address).await;
    assert_eq!(cluster.key_count().await, 3_000);
}

/// Arguments that the command takes: the server looks at their number, and at subcommands, before the rights.
fn arguments(command: &str) -> &'static [&'static str] {
    match command {
        "config" => &["GET", "maxmemory"],
        "acl" => &["WHOAMI"],
        "module" => &["LIST"],
        "migrate" => &["127.0.0.1", "1", "key", "0", "1"],
        "cluster|slot-stats" => &["SLOTSRANGE", "0", "1"],
        "replicaof"
        | "slaveof"
        | "psync"
        | "cluster|meet"
        | "cluster|addslotsrange"
        | "cluster|delslotsrange"
        | "cluster|setslot" => &["1", "2"],
        "debug"
        | "cluster|addslots"
        | "cluster|delslots"
        | "cluster|forget"
        | "cluster|replicate"
        | "cluster|set-config-epoch" => &["1"],
        _ => &[],
    }
}
