//! A RabbitMQ broker keeps its port and what is durable over a restart, and is gone when it is killed.

use testkit::RabbitMq;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_killed_broker_is_gone_until_it_is_started_again() {
    let broker = RabbitMq::start().await;
    let address = broker.address();
    broker.control(&["add_vhost", "kept"]).await;
    broker.kill();
    assert!(TcpStream::connect(address).await.is_err(), "a dead broker listens");
    broker.restart().await;
    assert_eq!(broker.address(), address);
    let hosts = broker.control(&["list_vhosts", "--no-table-headers"]).await;
    assert!(hosts.lines().any(|host| host == "kept"), "{hosts}");
    broker.stop();
    assert!(TcpStream::connect(address).await.is_err(), "a stopped broker listens");
}
