use std::fs;
use std::time::Duration;

use testkit::wait_for;
use tokio::net::TcpListener;

use super::Link;
use crate::rabbitmq::connect_error::ConnectError;
use crate::rabbitmq::{RabbitConfig, driver_settings::DriverSettings};

/// Threads in which the driver reads connections; 0 where they cannot be counted.
fn driver_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("lapin-io-loop")).count()
}

#[tokio::test]
async fn an_attempt_that_is_given_up_leaves_no_thread_behind() {
    // The system accepts for it, and nobody answers: so does a broker that hangs.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("amqp://{}/%2f", silent.local_addr().unwrap());
    let patience = Duration::from_millis(50);
    let config = RabbitConfig { patience, ..RabbitConfig::new(uri.parse().unwrap()) };
    let target = DriverSettings::new(&config).unwrap();
    for _ in 0..10 {
        let opened = Link::open(&target).await.map(|_link| ());
        assert!(matches!(opened, Err(ConnectError::Unavailable(_))), "{opened:?}");
    }
    // Given up from outside.
    let given_up = tokio::time::timeout(patience / 2, Link::open(&target)).await;
    assert!(given_up.is_err());
    wait_for("the end of the driver's threads", Duration::from_secs(5), || async {
        let count = driver_threads();
        if count == 0 { Ok(()) } else { Err(format!("{count} threads")) }
    })
    .await;
}
