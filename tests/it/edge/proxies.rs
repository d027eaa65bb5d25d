//! Where a request came from, as it counts for who tries out keys.

use reqwest::Method;

use crate::support::Service;

/// The statuses of so many requests with made-up keys, each said to come from the address that `from` gives.
async fn tried(service: &Service, from: impl Fn(usize) -> String) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in 0..30 {
        let request = service.bare_request(Method::GET, "/v1/tenants");
        let request = request.header("X-API-Key", format!("made-up-{}-{number}", from(number)));
        let answer = request.header("X-Forwarded-For", from(number)).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_client_is_damped_and_not_the_proxy_that_it_came_through() {
    let service = Service::start(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    service.wait_until_healthy().await;
    let of_one = tried(&service, |_| "192.0.2.1".to_owned()).await;
    assert!(of_one.contains(&429), "{of_one:?}");
    // What all strangers together may do in a second is there again.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let of_many = tried(&service, |number| format!("198.51.100.{number}")).await;
    assert!(of_many.iter().all(|status| *status == 401), "{of_many:?}");
}

#[tokio::test]
async fn nobody_is_believed_unless_trusted() {
    let service = Service::start(&[]).await;
    service.wait_until_healthy().await;
    let statuses = tried(&service, |number| format!("198.51.100.{number}")).await;
    assert!(statuses.contains(&429), "{statuses:?}");
}
