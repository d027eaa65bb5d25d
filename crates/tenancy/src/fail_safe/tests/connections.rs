//! What may be answered of connections.

use domain::AssociationStatus;

use super::*;

fn suspended(id: &str, version: u64) -> domain::Tenant {
    domain::Tenant { status: TenantStatus::Suspended, ..tenant(id, version) }
}

#[tokio::test]
async fn what_was_confirmed_is_answered_by_this_process_and_the_next() {
    let process = Process::new();
    assert_eq!(process.told("a"), "nothing");
    process.confirm("a", 5);
    process.clock.advance(Duration::from_secs(60));
    assert_eq!(process.told("a"), "version 5 of 60 s");
    process.confirm("a", 5);
    assert_eq!(process.told("a"), "version 5 of 0 s");
    let (next, usable) = process.next().await;
    assert_eq!(usable, 1);
    assert_eq!(next.told("a"), "version 5 of 60 s", "that it was confirmed again is written now and then");
    assert_eq!(process.fail_safe.counters().served, 2);
}

#[tokio::test]
async fn it_is_answered_within_the_window_only() {
    let process = Process::new();
    process.confirm("a", 5);
    process.clock.advance(WINDOW - Duration::from_secs(1));
    assert_eq!(process.told("a"), "version 5 of 999 s");
    assert_eq!(process.next().await.1, 1);
    process.clock.advance(Duration::from_secs(1));
    assert_eq!(process.told("a"), "nothing");
    assert_eq!(process.next().await.1, 0);
}

#[tokio::test]
async fn a_clock_that_went_back_makes_nothing_good_for_longer() {
    let process = Process::new();
    process.clock.advance(WINDOW * 10);
    process.confirm("a", 5);
    process.fail_safe.persist().await;
    let file = process.file.clone();
    let early = Arc::new(ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_000_000)));
    let next = FailSafe::new(WINDOW, ring(1), early.clone(), Some(file));
    assert_eq!(next.load().await, 1);
    early.advance(WINDOW);
    assert!(next.recall(&name("a"), &"ledger".parse().unwrap()).is_none());
}

#[tokio::test]
async fn who_is_kept_out_stays_so_whatever_comes_late() {
    let process = Process::new();
    process.confirm("a", 5);
    process.fail_safe.persist().await;
    assert!(process.fail_safe.learn_own(&suspended("a", 6)));
    // A load that began before.
    process.confirm("a", 5);
    assert_eq!(process.told("a"), "suspended since 0 s");
    let (next, _) = process.next().await;
    next.confirm("a", 5);
    assert_eq!(next.told("a"), "suspended since 0 s");
    assert!(next.fail_safe.is_as_new(&name("a"), 5) && !next.fail_safe.is_as_new(&name("a"), 7));

    // It is let in again, and nobody has read its connections yet.
    assert!(next.fail_safe.learn_own(&tenant("a", 7)));
    assert_eq!(next.told("a"), "nothing");
    next.confirm("a", 7);
    assert_eq!(next.told("a"), "version 7 of 0 s");
}

#[tokio::test]
async fn purged_deleted_and_taken_away_are_told_apart() {
    let process = Process::new();
    for id in ["purged", "gone"] {
        process.confirm(id, 5);
    }
    let mut purged = tenant("purged", 6);
    purged.associations.values_mut().for_each(|one| one.status = AssociationStatus::Purged);
    process.fail_safe.learn_own(&purged);
    let mut gone = tenant("gone", 6);
    gone.associations.clear();
    process.fail_safe.learn(&gone);
    let (next, usable) = process.next().await;
    assert_eq!(
        (next.told("purged"), next.told("gone"), usable),
        ("purged since 0 s".into(), "gone".into(), 2)
    );
}

#[tokio::test]
async fn what_this_process_keeps_out_is_noted_also_where_nothing_is_remembered() {
    let process = Process::new();
    assert!(!process.fail_safe.learn(&suspended("elsewhere", 6)));
    assert!(process.fail_safe.learn_own(&suspended("here", 6)));
    assert!(!process.fail_safe.learn_own(&tenant("active", 6)));
    process.confirm("here", 5);
    assert_eq!(
        (process.told("here"), process.told("elsewhere")),
        ("suspended since 0 s".into(), "nothing".into())
    );
}

#[tokio::test]
async fn another_name_leaves_what_is_remembered_and_another_place_does_not() {
    let process = Process::new();
    process.confirm("a", 5);
    let renamed = domain::Tenant { name: "Other".parse().unwrap(), ..tenant("a", 6) };
    process.fail_safe.learn_own(&renamed);
    assert_eq!(process.told("a"), "version 5 of 0 s");
    assert!(!process.fail_safe.is_behind(&renamed.id, 6, &["ledger".parse().unwrap()]));

    let mut moved = tenant("a", 7);
    moved.associations.values_mut().for_each(|one| one.isolation = Isolation::Schema);
    process.fail_safe.learn(&moved);
    assert_eq!(process.told("a"), "nothing");
    let (next, usable) = process.next().await;
    next.confirm("a", 6);
    assert_eq!((next.told("a"), usable), ("nothing".into(), 0));
}

#[tokio::test]
async fn a_change_that_cannot_be_read_ends_what_is_remembered_until_it_can() {
    let process = Process::new();
    process.confirm("a", 5);
    let (tenant, services) = (suspended("a", 6), ["ledger".parse().unwrap()]);
    process.fail_safe.supersede(&tenant.id, 6, &services);
    assert_eq!(process.told("a"), "nothing");
    assert!(process.fail_safe.is_behind(&tenant.id, 6, &services), "it has still to be read");
    assert!(process.fail_safe.learn(&tenant));
    assert!(!process.fail_safe.is_behind(&tenant.id, 6, &services));
    assert_eq!(process.told("a"), "suspended since 0 s");
}

#[test]
fn off_is_off() {
    for off in [FailSafe::off(), FailSafe::new(Duration::ZERO, ring(1), Arc::new(domain::SystemClock), None)]
    {
        off.confirm(&name("a"), &config("a", 5));
        assert!(!off.remembers(&name("a")) && off.outage().is_none());
        assert_eq!(off.counters(), FailSafeCounters::default());
    }
}

#[test]
fn limits_of_pools_lead_nowhere_else() {
    let with = |settings: Option<domain::ConnectionSettings>| {
        let module = domain::ModuleResources { connection_settings: settings, ..Default::default() };
        Association { modules: [("onboarding".parse().unwrap(), module)].into(), ..association() }
    };
    let limits = domain::ConnectionSettings { max_open_conns: 7, max_idle_conns: 1, statement_timeout: None };
    assert_eq!(Places::of(&with(None)), Places::of(&with(Some(limits))));
    assert_ne!(Places::of(&with(None)), Places::of(&association()), "a module more");
    let schema = Association { isolation: Isolation::Schema, ..with(None) };
    assert_ne!(Places::of(&with(None)), Places::of(&schema));
}
