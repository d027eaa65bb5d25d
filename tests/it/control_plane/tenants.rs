//! `/v1/tenants`.

use serde_json::{Value, json};

use super::on_every_store;
use super::plane::{Plane, assert_refused, fields, new_tenant};

on_every_store!(
    a_tenant_is_made_once,
    a_slug_is_made_of_the_name,
    a_tenant_is_known_in_every_spelling,
    a_tenant_is_changed,
    a_tenant_is_suspended_and_reactivated,
    a_tenant_is_deleted,
    tenants_are_listed_page_by_page,
    tenants_are_found_by_what_people_remember,
);

async fn a_tenant_is_made_once(plane: Plane) {
    let made = plane.post("/v1/tenants", new_tenant("blue-bank", "production")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["id"].as_str().unwrap();
    assert_eq!((id.len(), id.contains('-')), (32, false));
    assert_eq!((&made.body["slug"], &made.body["status"]), (&json!("blue-bank"), &json!("active")));
    let again = plane.post("/v1/tenants", new_tenant("Blue-Bank", "production")).await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &made.body["id"]));
    let mut other = new_tenant("blue-bank", "production");
    other["owner"]["email"] = json!("bob@example.com");
    let taken = plane.post("/v1/tenants", other).await;
    assert_refused(&taken, 409);
    assert!(taken.body["error"].as_str().unwrap().contains("blue-bank"));
    assert_eq!(plane.post("/v1/tenants", new_tenant("blue-bank", "staging")).await.status, 201);
}

async fn a_slug_is_made_of_the_name(plane: Plane) {
    let make = async |name: &str, email: &str| {
        let body = json!({ "name": name, "environment": "staging", "owner": { "email": email } });
        plane.post("/v1/tenants", body).await
    };
    let first = make("Itaú & Cia", "ana@x").await;
    assert_eq!((first.status.as_u16(), &first.body["slug"]), (201, &json!("itau-cia")));
    let same = make("Itaú & Cia", "ana@x").await;
    assert_eq!((same.status.as_u16(), &same.body["id"]), (200, &first.body["id"]));
    let namesake = make("Itau Cia", "bob@x").await;
    let slug = namesake.body["slug"].as_str().unwrap();
    assert!(namesake.status == 201 && slug.starts_with("itau-cia-") && slug.len() == 17, "{namesake:?}");
    // Whatever becomes of the first, the second finds its own again.
    plane.delete(&format!("/v1/tenants/{}", first.body["id"].as_str().unwrap())).await;
    let again = make("Itau Cia", "bob@x").await;
    assert_eq!((again.status.as_u16(), &again.body["id"]), (200, &namesake.body["id"]));
    assert_eq!(fields(&make("!!!", "ana@x").await), ["slug"]);
}

async fn a_tenant_is_known_in_every_spelling(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    let dashed = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    for spelling in [&id, &dashed, &dashed.to_uppercase()] {
        let found = plane.get(&format!("//v1/tenants/{spelling}")).await;
        assert_eq!((found.status.as_u16(), &found.body["id"]), (200, &json!(id)), "{spelling}");
        assert_eq!(found.body["metadata"], json!({ "origin": "self-serve" }));
        assert_eq!(found.body["owner"], json!({ "email": "ana@example.com", "emailVerified": true }));
    }
    for unknown in
        ["0f8fad5bd9cb469fa16570867728950e", "%2F", "a%20b", "a%2Fb", "-x", "%FF", &"x".repeat(300)]
    {
        assert_refused(&plane.get(&format!("/v1/tenants/{unknown}")).await, 404);
    }
}

async fn a_tenant_is_changed(plane: Plane) {
    let path = format!("/v1/tenants/{}", plane.tenant("blue-bank").await);
    let patch = json!({ "name": "Azul", "metadata": { "origin": null, "a": "b" }, "isolation": "schema" });
    let changed = plane.patch(&path, patch.clone()).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["metadata"], json!({ "a": "b" }));
    assert_eq!((&changed.body["name"], &changed.body["isolation"]), (&json!("Azul"), &json!("schema")));
    assert_eq!(changed.body["version"], 2);
    let same = plane.patch(&path, patch).await;
    assert_eq!((same.status.as_u16(), &same.body["version"]), (200, &json!(2)), "nothing differs");
    assert_eq!(fields(&plane.patch(&path, json!({ "slug": "x", "name": "" })).await), ["slug", "name"]);
    assert_refused(&plane.patch("/v1/tenants/nobody", json!({})).await, 404);
}

async fn a_tenant_is_suspended_and_reactivated(plane: Plane) {
    let path = format!("/v1/tenants/{}", plane.associated("blue-bank", "ledger").await);
    assert_refused(&plane.put(&format!("{path}/reactivate"), Value::Null).await, 409);
    let suspended = plane.put(&format!("{path}/suspend"), Value::Null).await;
    assert_eq!((suspended.status.as_u16(), &suspended.body["status"]), (200, &json!("suspended")));
    assert_refused(&plane.put(&format!("{path}/suspend"), Value::Null).await, 409);
    assert_eq!(plane.get(&path).await.body["status"], "suspended", "operators and metadata still need it");
    let active = plane.put(&format!("{path}/reactivate"), Value::Null).await;
    assert_eq!((active.status.as_u16(), &active.body["status"]), (200, &json!("active")));
    // A client that suspended a service has no other way to let it in again.
    let association = format!("{path}/associations/ledger");
    assert_eq!(plane.put(&format!("{association}/suspend"), Value::Null).await.status, 200);
    assert_eq!(plane.put(&format!("{path}/reactivate"), Value::Null).await.status, 200);
    assert_eq!(plane.get(&association).await.body["status"], "active");
}

async fn a_tenant_is_deleted(plane: Plane) {
    let id = plane.associated("blue-bank", "ledger").await;
    let gone = plane.delete(&format!("/v1/tenants/{id}")).await;
    assert_eq!((gone.status.as_u16(), &gone.body["status"]), (200, &json!("deleted")));
    assert_refused(&plane.delete(&format!("/v1/tenants/{id}")).await, 404);
    assert_refused(&plane.get(&format!("/v1/tenants/{id}")).await, 404);
    assert_refused(&plane.connections(&id, "ledger").await, 404);
    assert_eq!(plane.active("ledger").await, [] as [&str; 0]);
    assert_ne!(plane.tenant("blue-bank").await, id, "the slug is free");
}

async fn tenants_are_listed_page_by_page(plane: Plane) {
    for number in 0..5 {
        plane.tenant(&format!("bank-{number}")).await;
    }
    let slugs = |body: &Value| {
        let items = body["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = plane.get("/v1/tenants?limit=2").await;
    assert_eq!((first.status.as_u16(), slugs(&first.body)), (200, vec!["bank-0".into(), "bank-1".into()]));
    assert_eq!((&first.body["limit"], &first.body["hasMore"]), (&json!(2), &json!(true)));
    assert_eq!(first.body["nextCursor"], first.body["next_cursor"]);
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = plane.get(&format!("/v1/tenants?limit=9&cursor={cursor}")).await;
    assert_eq!(slugs(&second.body), ["bank-2", "bank-3", "bank-4"]);
    assert_eq!((&second.body["hasMore"], second.body.get("nextCursor")), (&json!(false), None));
    let page = plane.get("/v1/tenants?limit=2&page=2").await;
    assert_eq!((slugs(&page.body), &page.body["page"]), (vec!["bank-2".into(), "bank-3".into()], &json!(2)));
    for wrong in ["cursor=%2B", "cursor=YQ", "page=x", "page=1001", "limit=x"] {
        assert_refused(&plane.get(&format!("/v1/tenants?{wrong}")).await, 400);
    }
}

async fn tenants_are_found_by_what_people_remember(plane: Plane) {
    let id = plane.tenant("blue-bank").await;
    let dashed = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    plane.tenant_in("banco-azul", "production").await;
    plane.put(&format!("/v1/tenants/{id}/suspend"), Value::Null).await;
    for (query, count) in [
        ("", 2),
        ("search=BAN", 2),
        ("search=bank%20blue", 1),
        (&format!("search={}", &id[..10]), 1),
        (&format!("search={dashed}"), 1),
        (&format!("search={}", dashed.to_uppercase()), 1),
        (&format!("search=blue%20{}", &dashed[..13]), 1),
        ("search=zzz", 0),
        ("status=suspended", 1),
        ("status=active&environment=production", 1),
        ("environment=staging&search=azul", 0),
    ] {
        let found = plane.get(&format!("/v1/tenants?{query}")).await;
        assert_eq!(found.body["items"].as_array().unwrap().len(), count, "{query}: {found:?}");
    }
    assert_eq!(
        fields(&plane.get("/v1/tenants?status=gone&environment=uat").await),
        ["environment", "status"]
    );
}
