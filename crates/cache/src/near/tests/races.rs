//! The same on several threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use testkit::scaled;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_racing_a_change_never_outlives_it() {
    let bench = Bench::new(SETTINGS);
    let (source, told, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::default());
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (near, source, told) = (bench.near.clone(), Arc::clone(&source), Arc::clone(&told));
            let is_over: Arc<AtomicBool> = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut held = 0_u64;
                while !is_over.load(Ordering::SeqCst) {
                    let oldest_right = told.load(Ordering::SeqCst);
                    let source = Arc::clone(&source);
                    let load = || async move {
                        let version = source.load(Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Ok::<_, Never>(watched(Some(version)))
                    };
                    let answer = near.get_or_load(b"k:a", load).await.unwrap().unwrap();
                    assert!(answer >= oldest_right, "{answer} was told, {oldest_right} was over");
                    let oldest_right = told.load(Ordering::SeqCst);
                    if let Held::Fresh(version) = near.get(b"k:a") {
                        held += 1;
                        assert!(version >= oldest_right, "{version} is held, {oldest_right} was over");
                    }
                    tokio::task::yield_now().await;
                }
                held
            })
        })
        .collect();
    for version in 1..=scaled(200_000) as u64 {
        source.store(version, Ordering::SeqCst);
        if version % 64 == 0 {
            bench.hub.clear();
        } else {
            bench.hub.invalidate(b"k:a");
        }
        told.store(version, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::SeqCst);
    let mut held = 0;
    for reader in readers {
        held += reader.await.unwrap();
    }
    assert!(held > 0, "nothing was ever held");
    assert_eq!(bench.near.running(), 0);
}
