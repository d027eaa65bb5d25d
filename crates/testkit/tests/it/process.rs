//! A server dies with the process that started it, even when that one is killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::{ValkeyServer, wait_until};

#[tokio::test]
async fn dies_with_a_killed_parent() {
    // Cargo builds the examples of a package before it runs its tests, and puts them beside these.
    let tests = std::env::current_exe().expect("a test has a program");
    let example = tests.ancestors().nth(2).expect("a target directory").join("examples/hold_server");
    let mut parent =
        Command::new(example).stdout(Stdio::piped()).spawn().expect("the example hold_server is built");
    let output = BufReader::new(parent.stdout.take().expect("a pipe"));
    let mut lines = output.lines().map_while(Result::ok);
    let line =
        lines.find_map(|line| line.strip_prefix("started ").map(str::to_owned)).expect("it starts a server");
    let (pid, directory) = line.split_once(' ').expect("pid and directory");
    assert!(runs(pid), "the server runs");
    parent.kill().expect("it can be killed");
    parent.wait().expect("it ends");
    wait_until("the end of the server", Duration::from_secs(5), || async { !runs(pid) }).await;
    wait_until("the end of its directory", Duration::from_secs(5), || async {
        !Path::new(directory).exists()
    })
    .await;
}

#[tokio::test]
async fn dies_when_dropped() {
    let server = ValkeyServer::start().await;
    let pid = server.pid().to_string();
    assert!(runs(&pid));
    drop(server);
    assert!(!runs(&pid), "drop waits for the end");
}

#[tokio::test]
async fn ports_differ() {
    let leases: Vec<_> = (0..50).map(|_| testkit::PortLease::claim()).collect();
    let mut ports: Vec<u16> = leases.iter().map(testkit::PortLease::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 50);
}

/// A dead process whose parent has not looked yet still has an entry, with the state Z.
fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}
