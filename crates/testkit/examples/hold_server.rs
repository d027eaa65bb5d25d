//! Starts a server, says which, and waits to be killed. The tests of this crate do that, to see the server end with it.
#![expect(clippy::print_stdout, reason = "the line is for the test that started this")]

use testkit::ValkeyServer;

#[tokio::main]
async fn main() {
    let server = ValkeyServer::start().await;
    let directory = server.connect().await.command(&["CONFIG", "GET", "dir"]).await;
    println!("started {} {}", server.pid(), directory.array()[1].text());
    std::future::pending::<()>().await;
}
