//! Every query walks along an index.

use std::collections::BTreeSet;

use domain::{
    ApiKeyHash, AuditAction, AuditFilter, AuditQuery, ChangeMark, Environment, SearchWords, TenantPosition,
    TenantQuery, TenantStatus,
};
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;
use testkit::{is_mongod, mongo_program};

use super::migrations::MIGRATIONS;
use super::record::{API_KEYS, CATALOGUE, TENANTS};
use super::testing::{clock, settings};
use super::{MongoSettings, MongoStore, api_keys, audit_log, event_log, feed, settling, tenants};

struct Query {
    name: &'static str,
    collection: &'static str,
    filter: Document,
    /// The one field that is sorted by.
    sort: Option<&'static str>,
    /// Whether the stand-in for a `mongod` uses an index for it. It uses none for members of arrays, for a walk along the ids,
    /// nor for a range of the second field of an index.
    is_planned_by_stand_in: bool,
}

fn queries() -> Vec<Query> {
    let service = "ledger".parse().unwrap();
    let all = TenantQuery { environment: None, status: None, search: None, after: None, skip: 0, limit: 20 };
    let after = TenantPosition { slug: "b".parse().unwrap(), id: "x".parse().unwrap() };
    let filtered = TenantQuery {
        environment: Some(Environment::Staging),
        status: Some(TenantStatus::Active),
        after: Some(after),
        ..all.clone()
    };
    let words = TenantQuery { search: SearchWords::of("blue bank"), ..filtered.clone() };
    let query = |name, collection, filter, sort| Query {
        name,
        collection,
        filter,
        sort,
        is_planned_by_stand_in: true,
    };
    let unplanned = |query: Query| Query { is_planned_by_stand_in: false, ..query };
    let mark = ChangeMark(1_000);
    let slug = tenants::slug_filter(Environment::Staging, &"acme".parse().unwrap());
    let active = tenants::active_filter(&service, Environment::Staging);
    let hash = api_keys::hash_filter(&ApiKeyHash::from_bytes([1; 32]));
    let released = event_log::released_filter(Environment::Staging, 1);
    let last = doc! { "environment": "staging" };
    let rows = |filter: AuditFilter| audit_log::page_filter(&AuditQuery { filter, behind: None, limit: 20 });
    let one = AuditFilter::default;
    let text = || Some("tenants/a".to_owned());
    let of_request = rows(AuditFilter { request_id: text(), ..one() });
    let of_target = rows(AuditFilter { target: text(), ..one() });
    let of_actor = rows(AuditFilter { actor: text(), ..one() });
    let of_action = rows(AuditFilter { action: Some(AuditAction::Create), ..one() });
    let of_environment = rows(AuditFilter { environment: Some(Environment::Staging), ..one() });
    let (pending, changed) = (settling::pending_filter, || feed::change_filter(mark));
    vec![
        query("by id", TENANTS, doc! { "_id": "acme" }, None),
        query("by slug", TENANTS, slug, None),
        query("a list", TENANTS, tenants::list_filter(&all), Some("place")),
        query("a filtered list", TENANTS, tenants::list_filter(&filtered), Some("place")),
        unplanned(query("a search", TENANTS, tenants::list_filter(&words), Some("place"))),
        unplanned(query("active tenants", TENANTS, active, None)),
        unplanned(query("associations", TENANTS, tenants::associations_filter(&service), None)),
        unplanned(query("by hash", API_KEYS, hash, None)),
        unplanned(query("keys", API_KEYS, api_keys::list_filter(Some(&service), Some("a")), Some("id"))),
        query("changed tenants", TENANTS, changed(), Some("changedAt")),
        query("changed keys", API_KEYS, changed(), Some("changedAt")),
        query("a changed catalogue", CATALOGUE, changed(), Some("changedAt")),
        query("pending tenants", TENANTS, pending(), None),
        query("pending keys", API_KEYS, pending(), None),
        query("a pending catalogue", CATALOGUE, pending(), None),
        query("waiting events", event_log::WAITING_EVENTS, event_log::place_filter("a"), Some("place")),
        query("the oldest that waits", event_log::WAITING_EVENTS, event_log::any_time_filter(), Some("at")),
        unplanned(query("released events", event_log::RELEASED_EVENTS, released, Some("sequence"))),
        unplanned(query("the last number", event_log::RELEASED_EVENTS, last, Some("sequence"))),
        query("an event's number", event_log::RELEASED_EVENTS, doc! { "eventId": "a" }, None),
        query("unchained rows", audit_log::AUDIT, event_log::any_time_filter(), Some("at")),
        unplanned(query("the chain", audit_log::AUDIT_CHAIN, audit_log::sequence_filter(1), Some("_id"))),
        query("a chained row", audit_log::AUDIT_CHAIN, doc! { "entryId": "a" }, None),
        query("the newest rows", audit_log::AUDIT_CHAIN, rows(one()), Some("place")),
        query("rows of a request", audit_log::AUDIT_CHAIN, of_request, Some("place")),
        query("rows about a target", audit_log::AUDIT_CHAIN, of_target, Some("place")),
        query("rows of an actor", audit_log::AUDIT_CHAIN, of_actor, Some("place")),
        query("rows of an action", audit_log::AUDIT_CHAIN, of_action, Some("place")),
        query("rows of an environment", audit_log::AUDIT_CHAIN, of_environment, Some("place")),
        query("versions of a secret", "sealed_secrets", doc! { "path": "a/b" }, None),
    ]
}

#[derive(Deserialize)]
struct Command {
    collection: String,
    index: Document,
}

/// The keys of every index of a collection, in their order, and whether it is sparse.
fn indexes(collection: &str) -> Vec<(Vec<String>, bool)> {
    let mut indexes = vec![(vec!["_id".to_owned()], false)];
    for migration in MIGRATIONS {
        let commands: Vec<Command> = serde_json::from_str(migration.text).unwrap();
        for Command { index, .. } in commands.into_iter().filter(|it| it.collection == collection) {
            let keys = index.get_document("key").unwrap().keys().cloned().collect();
            indexes.push((keys, index.get_bool("sparse").unwrap_or_default()));
        }
    }
    indexes
}

fn is_equality(value: &Bson) -> bool {
    value.as_document().is_none_or(|it| it.contains_key("$eq") || it.contains_key("$in"))
}

fn says_exists(value: &Bson) -> bool {
    value.as_document().is_some_and(|it| it.contains_key("$exists"))
}

/// An index serves a query when its first keys are compared for equality, and the next is what is sorted by, or, where
/// nothing is, what lies in a range. And DocumentDB takes a sparse one only where the field is said to exist.
fn serves(keys: &[String], is_sparse: bool, query: &Query) -> bool {
    let is_equal = |key: &&String| query.filter.get(key.as_str()).is_some_and(is_equality);
    let equal = keys.iter().take_while(is_equal).count();
    let is_range = |key: &String| query.filter.get(key.as_str()).is_some_and(|it| it.as_document().is_some());
    let is_served = match query.sort {
        Some(sort) => keys.get(equal).is_some_and(|key| key == sort),
        None => equal > 0 || keys.first().is_some_and(is_range),
    };
    let is_usable =
        !is_sparse || keys.iter().all(|key| query.filter.get(key.as_str()).is_some_and(says_exists));
    is_served && is_usable
}

#[test]
fn there_is_an_index_for_every_query() {
    for query in queries() {
        let served = indexes(query.collection).iter().any(|(keys, sparse)| serves(keys, *sparse, &query));
        assert!(served, "{}: {:?} by {:?}", query.name, query.filter, query.sort);
    }
}

#[tokio::test]
async fn the_server_plans_with_the_index() {
    let program = mongo_program().expect("there is a server, as the next line finds out");
    let settings = MongoSettings { on_command: None, ..settings().await };
    let store = MongoStore::connect(settings, clock()).await.unwrap();
    if is_mongod(&program) {
        eprintln!("SKIPPED: the plans of a mongod read otherwise than those of the stand-in");
        return;
    }
    let mut unplanned = BTreeSet::new();
    for query in queries() {
        let mut find = doc! { "find": query.collection, "filter": query.filter.clone() };
        if let Some(sort) = query.sort {
            find.insert("sort", doc! { sort: 1 });
        }
        let explain = doc! { "explain": find, "verbosity": "queryPlanner" };
        let answer = store.ask(store.database().unwrap().run_command(explain)).await.unwrap();
        let plan = answer.get_document("queryPlanner").unwrap().get_array("winningPlan").unwrap();
        let details = plan.iter().map(|step| step.as_document().unwrap().get_str("detail").unwrap());
        let plan = details.collect::<Vec<_>>().join("\n");
        let is_planned = plan.contains(&format!("SEARCH {} USING INDEX", query.collection));
        assert!(is_planned || !query.is_planned_by_stand_in, "{}: {plan}", query.name);
        if !is_planned {
            unplanned.insert(query.name);
        }
    }
    let expected =
        queries().into_iter().filter(|query| !query.is_planned_by_stand_in).map(|query| query.name);
    assert_eq!(unplanned, expected.collect(), "the stand-in plans more than it did");
}
