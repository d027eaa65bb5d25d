//! The snapshot when all is not well with it.

use super::*;

#[tokio::test]
async fn a_torn_end_costs_the_last_entry() {
    let process = Process::new();
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    let whole = process.bytes();
    process.confirm("b", 1);
    process.fail_safe.persist().await;
    let last = process.bytes() - whole;
    for cut in [1, last / 2, last - 1] {
        process.file.bytes.lock().unwrap().truncate(whole + last - cut);
        let (next, usable) = process.next_with(ring(1)).await;
        assert_eq!((usable, next.fail_safe.counters().skipped), (1, 1), "{cut}");
        assert_eq!((next.told("a"), next.told("b")), ("version 1 of 0 s".into(), "nothing".into()));
        // It goes on behind the torn end.
        next.confirm("c", 1);
        assert_eq!(next.next().await.1, 2);
    }
}

#[tokio::test]
async fn what_another_key_sealed_is_counted_and_not_believed() {
    let process = Process::new();
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    let (stranger, usable) = process.next_with(ring(2)).await;
    assert_eq!((usable, stranger.fail_safe.counters().skipped, stranger.told("a")), (0, 1, "nothing".into()));
    let both = KeyRing::new(SealingKey::from_bytes([2; 32]), [SealingKey::from_bytes([1; 32])]);
    assert_eq!(process.next_with(both).await.1, 1, "an older key of the ring opens it");
    process.file.bytes.lock().unwrap().splice(0..0, *b"not ours");
    let (next, usable) = process.next_with(ring(1)).await;
    assert_eq!((usable, next.fail_safe.counters().skipped), (1, 1));
}

#[tokio::test]
async fn what_an_older_key_sealed_is_sealed_anew_at_the_next_start() {
    let process = Process::new();
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    process.clock.advance(Duration::from_secs(60));
    let both = KeyRing::new(SealingKey::from_bytes([2; 32]), [SealingKey::from_bytes([1; 32])]);
    let (next, _) = process.next_with(both).await;
    next.fail_safe.persist().await;
    let (last, usable) = next.next_with(ring(2)).await;
    assert_eq!((usable, last.told("a")), (1, "version 1 of 60 s".into()), "and the older key may go");
}

#[tokio::test]
async fn a_file_that_could_not_be_read_is_read_later_and_nothing_is_written_until_then() {
    let process = Process::new();
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    let whole = process.bytes();
    let next = FailSafe::new(WINDOW, ring(1), process.clock.clone(), Some(process.file.clone()));
    process.file.is_unreadable.store(true, Ordering::SeqCst);
    assert_eq!(next.load().await, 0);
    next.confirm(&name("b"), &config("b", 1));
    next.persist().await;
    assert_eq!(process.bytes(), whole);
    process.file.is_unreadable.store(false, Ordering::SeqCst);
    next.persist().await;
    assert_eq!(next.counters().entries, 2);
    assert_eq!(process.next_with(ring(1)).await.1, 2);
}

#[tokio::test]
async fn a_dump_shows_no_password_and_no_name() {
    let process = Process::new();
    process.confirm("a-tenant", 1);
    let (next, _) = process.next().await;
    assert_eq!(next.told("a-tenant"), "version 1 of 0 s", "it is there");
    let dump = next.file.bytes.lock().unwrap().clone();
    for secret in [MARK, "a-tenant", "ledger"] {
        assert!(!dump.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn it_is_written_anew_when_it_has_grown_twofold() {
    let process = Process::new();
    assert_eq!(process.fail_safe.load().await, 0);
    for version in 1..=50 {
        for tenant in 0..100 {
            process.confirm(&format!("t{tenant}"), version);
        }
        process.fail_safe.persist().await;
    }
    let entries = process.fail_safe.counters().bytes as usize;
    assert!(process.file.replaced.load(Ordering::SeqCst) > 0);
    assert!(process.bytes() < 2 * entries.max(256 * 1024) + 64 * 1024, "{} of {entries}", process.bytes());
    let (next, usable) = process.next().await;
    assert_eq!((usable, next.told("t7")), (100, "version 50 of 0 s".into()));
}

#[tokio::test]
async fn what_is_confirmed_again_is_written_now_and_then() {
    let process = Process::new();
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    process.clock.advance(Duration::from_secs(400));
    process.confirm("a", 1);
    process.fail_safe.close().await;
    let (next, _) = process.next_with(ring(1)).await;
    assert_eq!(next.told("a"), "version 1 of 0 s");
}

#[tokio::test]
async fn it_is_bounded_and_who_is_kept_out_goes_last() {
    let process = Process::bounded(40_000);
    process.fail_safe.learn_own(&domain::Tenant { status: TenantStatus::Suspended, ..tenant("out", 6) });
    for tenant in 0..500 {
        process.clock.advance(Duration::from_millis(100));
        process.confirm(&format!("t{tenant}"), 1);
        process.fail_safe.persist().await;
    }
    let counters = process.fail_safe.counters();
    assert!(counters.bytes <= 40_000 && counters.evicted > 300, "{counters:?}");
    assert_eq!(counters.entries + counters.evicted, 501);
    let (next, _) = process.next().await;
    for process in [&process, &next] {
        assert_eq!(process.told("t0"), "nothing", "the oldest made room");
        assert_eq!(process.told("t499"), "version 1 of 0 s");
        assert_eq!(process.told("out"), "suspended since 50 s");
    }
    assert_eq!(next.fail_safe.counters().entries, counters.entries, "the snapshot forgot the same");
}

#[tokio::test]
async fn what_a_full_disk_refused_is_written_later() {
    let process = Process::new();
    process.file.is_full.store(true, Ordering::SeqCst);
    process.confirm("a", 1);
    process.fail_safe.persist().await;
    assert_eq!((process.bytes(), process.fail_safe.counters().failures), (0, 1));
    assert_eq!(process.told("a"), "version 1 of 0 s", "it is in memory all the same");
    process.file.is_full.store(false, Ordering::SeqCst);
    assert_eq!(process.next().await.1, 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_written_within_a_second() {
    let process = Process::new();
    let running = tokio::spawn(process.fail_safe.clone().run());
    process.confirm("a", 1);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(process.next_with(ring(1)).await.1, 1);
    running.abort();
}
