//! The stand-in for AWS keeps its port over a restart and is gone when it is killed.

use testkit::MotoServer;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_killed_server_is_gone_until_it_is_started_again() {
    let server = MotoServer::start().await;
    let address = server.address();
    drop(TcpStream::connect(address).await.expect("it listens"));
    server.kill();
    assert!(TcpStream::connect(address).await.is_err(), "a dead server listens");
    server.restart().await;
    assert_eq!(server.address(), address);
}
