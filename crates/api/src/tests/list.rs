use std::collections::BTreeSet;

use http::StatusCode;

use crate::test_service::TestService;

#[tokio::test]
async fn pages_give_every_key_once() {
    let names: Vec<String> = (0..250).map(|number| format!("ratelimit:free:{number}")).collect();
    let mut keys: Vec<&str> = names.iter().map(String::as_str).collect();
    keys.push("tenant:acme:other");
    let service = TestService::with_keys(&keys).await;
    let mut seen = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for page in 0.. {
        assert!(page < 50, "the pages do not end");
        let uri = format!("/cache/keys?pattern=ratelimit:*&limit=30&cursor={cursor}");
        let json = service.get(&uri).await.json();
        let page_keys = json["keys"].as_array().unwrap();
        assert_eq!(json["count"], page_keys.len());
        assert_eq!(json["items"].as_array().unwrap().len(), page_keys.len());
        for (key, item) in page_keys.iter().zip(json["items"].as_array().unwrap()) {
            assert_eq!(key, &item["key"]);
            assert_eq!(
                (&item["type"], &item["ttl"], &item["ttlMs"]),
                (&"string".into(), &(-1).into(), &(-1).into())
            );
            assert!(seen.insert(key.as_str().unwrap().to_owned()), "{key} came twice");
        }
        assert_eq!(json["cursor"], json["nextCursor"]);
        cursor = json["cursor"].as_str().expect("the cursor is a text").to_owned();
        assert_eq!(json["hasMore"], cursor != "0");
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen, names.into_iter().collect());
}

#[tokio::test]
async fn defaults_are_those_of_the_platform() {
    let service = TestService::with_keys(&["a"]).await;
    for uri in ["/cache/keys", "/v1/cache/keys?pattern=&cursor=&limit=0"] {
        let json = service.get(uri).await.json();
        assert_eq!(
            (&json["limit"], &json["pattern"], &json["keys"][0]),
            (&20.into(), &"*".into(), &"a".into())
        );
        assert_eq!((&json["cursor"], &json["hasMore"]), (&"0".into(), &false.into()));
    }
    assert_eq!(service.get("/cache/keys?count=500").await.json()["limit"], 200);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let service = TestService::new();
    for (query, name) in [
        ("limit=many", "limit"),
        ("count=1.5", "count"),
        ("cursor=abc", "cursor"),
        ("cursor=17", "cursor"),
        ("pattern=a[b", "pattern"),
        ("pattern=%FF", "pattern"),
        ("pattern=a&pattern=b", "pattern"),
    ] {
        let message =
            service.get(&format!("/cache/keys?{query}")).await.error(StatusCode::BAD_REQUEST, "TM-0400");
        assert!(message.starts_with(&format!("{name}: ")), "{query}: {message}");
    }
}
