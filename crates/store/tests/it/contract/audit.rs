//! The audit log: from the change that leaves a row to the end of its time.

use std::time::Duration;

use domain::{
    AuditAction, AuditEntry, AuditFilter, AuditIndex, AuditQuery, ChainAnchor, ChainHead, ChainKeyName,
    ChainedRow, Chaining, Environment, LinkHash, Timestamp, UnchainedRow,
};
use uuid::Uuid;

use super::{Backend, change, tenant};

/// A row of what somebody did in this second.
fn entry(actor: &str, second: i64, target: &str) -> AuditEntry {
    AuditEntry {
        id: Uuid::new_v4(),
        at: Timestamp::from_millis(second * 1_000),
        actor: actor.to_owned(),
        address: Some([192, 0, 2, 1].into()),
        request_id: Some(format!("request-{second}")),
        action: AuditAction::Delete,
        target: target.to_owned(),
        environment: None,
        before: Some(serde_json::json!({ "most": u64::MAX, "a.b": { "$c": 1.5 } })),
        after: None,
    }
}

/// All that waits. A store may take a moment to bring it out.
async fn waiting(backend: &Backend, number: usize) -> Vec<UnchainedRow> {
    for _try in 0..200 {
        backend.settle().await;
        let rows = backend.audit.unchained(100).await.unwrap();
        if rows.len() == number {
            return rows;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{number} rows never waited: {:?}", backend.audit.unchained_count().await);
}

/// The row with this number. What a link is made of is not the store's affair.
fn chained(row: UnchainedRow, sequence: u64) -> ChainedRow {
    ChainedRow {
        sequence,
        chained_at: Timestamp::from_millis(i64::try_from(sequence).unwrap() * 1_000),
        id: row.id,
        place: domain::AuditPosition::of(AuditIndex::of_document(&row.document).at, sequence)
            .as_str()
            .to_owned(),
        index: AuditIndex::of_document(&row.document),
        document: row.document,
        link: link(sequence),
        key: ChainKeyName("0011223344556677".to_owned()),
    }
}

fn link(sequence: u64) -> LinkHash {
    LinkHash::from_bytes([u8::try_from(sequence).unwrap(); 32])
}

/// Keeps these rows and gives them the numbers from 1 on.
async fn chain(backend: &Backend, entries: &[AuditEntry]) -> Vec<ChainedRow> {
    let mut rows = Vec::new();
    for (sequence, entry) in (1..).zip(entries) {
        backend.audit.append_audit(entry).await.unwrap();
        let row = chained(waiting(backend, 1).await.remove(0), sequence);
        assert_eq!(backend.audit.chain(&row).await.unwrap(), Chaining::Done);
        rows.push(row);
    }
    rows
}

pub(crate) async fn what_changes_and_others_leave_waits_to_be_chained(backend: &Backend) {
    let tenant = tenant("first");
    let change = change(tenant.clone(), Some(&tenant));
    let (first, second) = (change.audit.clone(), entry("ana", 9, "cache/keys"));
    backend.tenants.commit_tenant(change).await.unwrap();
    backend.settle().await;
    for _twice in 0..2 {
        backend.audit.append_audit(&second).await.unwrap();
    }
    let rows = waiting(backend, 2).await;
    let read: Vec<AuditEntry> = rows.iter().map(|row| serde_json::from_str(&row.document).unwrap()).collect();
    assert_eq!(read, [first, second], "as they came, and as they were given");
    assert!(rows.iter().zip(&read).all(|(row, entry)| row.id == entry.id.to_string()));
    assert_eq!(backend.audit.unchained(1).await.unwrap(), rows[..1]);
    assert_eq!(backend.audit.unchained_count().await.unwrap(), 2);
}

pub(crate) async fn a_row_is_chained_once(backend: &Backend) {
    let log = &backend.audit;
    assert_eq!(log.chain_head().await.unwrap(), ChainHead::BEGINNING);
    let entries = [entry("ana", 1, "a/b"), entry("bob", 2, "a/b/c")];
    for entry in &entries {
        log.append_audit(entry).await.unwrap();
    }
    let rows = waiting(backend, 2).await;
    let (first, second) = (chained(rows[0].clone(), 1), chained(rows[1].clone(), 2));
    assert_eq!(log.chain(&first).await.unwrap(), Chaining::Done);
    assert_eq!(log.chain(&chained(rows[1].clone(), 1)).await.unwrap(), Chaining::Taken);
    assert_eq!(waiting(backend, 1).await, rows[1..], "it waits as before");
    assert_eq!(log.chain(&second).await.unwrap(), Chaining::Done);
    // It is left once more, by who did not hear that it was kept, or died before it was taken out.
    log.append_audit(&entries[0]).await.unwrap();
    let again = waiting(backend, 1).await.remove(0);
    assert_eq!(log.chain(&chained(again, 3)).await.unwrap(), Chaining::Before, "it has its place");
    assert_eq!(log.unchained(10).await.unwrap(), []);
    assert_eq!(log.chain_head().await.unwrap(), ChainHead { sequence: 2, link: link(2) });
    assert_eq!(log.chained_after(0, 10).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(log.chained_after(1, 10).await.unwrap(), [second]);
    assert_eq!(log.chained_after(0, 1).await.unwrap(), [first]);
}

pub(crate) async fn of_many_that_chain_one_takes_each_number(backend: &Backend) {
    const ROWS: u64 = 6;
    for second in 0..6 {
        backend.audit.append_audit(&entry("ana", second, "a/b")).await.unwrap();
    }
    let rows = waiting(backend, 6).await;
    let keepers = (0..4).map(|_| {
        let (log, rows) = (backend.audit.clone(), rows.clone());
        tokio::spawn(async move {
            let mut done = 0;
            for (sequence, row) in (1..).zip(rows) {
                done += u64::from(log.chain(&chained(row, sequence)).await.unwrap() == Chaining::Done);
            }
            done
        })
    });
    let mut done = 0;
    for keeper in keepers.collect::<Vec<_>>() {
        done += keeper.await.unwrap();
    }
    assert_eq!(done, ROWS);
    let chain = backend.audit.chained_after(0, 100).await.unwrap();
    assert_eq!(chain.iter().map(|row| row.sequence).collect::<Vec<_>>(), (1..=ROWS).collect::<Vec<_>>());
}

pub(crate) async fn a_row_that_nobody_can_read_is_chained_too(backend: &Backend) {
    let log = &backend.audit;
    let rows = chain(backend, &[entry("ana", 1, "a/b")]).await;
    let document = r#"{"id":"x","at":2000,"actor":"ana","action":"teleport","target":"a/b"}"#.to_owned();
    let newer = chained(UnchainedRow { id: "x".to_owned(), document }, 2);
    assert_eq!(log.chain(&newer).await.unwrap(), Chaining::Done);
    assert_eq!(log.chained_after(0, 10).await.unwrap(), [rows[0].clone(), newer]);
    let all = AuditQuery { filter: AuditFilter::default(), behind: None, limit: 10 };
    let page = log.audit_page(&all).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [1], "it is passed over");
}

pub(crate) async fn a_chain_begins_behind_what_was_removed(backend: &Backend) {
    let log = &backend.audit;
    let entries: Vec<_> = (1..=4).map(|second| entry("ana", second, "a/b")).collect();
    let rows = chain(backend, &entries).await;
    assert_eq!(log.chain_anchor().await.unwrap(), None);
    let anchor = |sequence: u64| ChainAnchor {
        head: ChainHead { sequence, link: link(sequence) },
        at: Timestamp::from_millis(9),
        key: ChainKeyName("0011223344556677".to_owned()),
        signature: link(7),
    };
    assert_eq!(log.remove_chained(&anchor(2)).await.unwrap(), 2);
    assert_eq!(log.chain_anchor().await.unwrap(), Some(anchor(2)));
    assert_eq!(log.chained_after(0, 10).await.unwrap(), rows[2..]);
    assert_eq!(log.remove_chained(&anchor(1)).await.unwrap(), 0);
    assert_eq!(log.chain_anchor().await.unwrap(), Some(anchor(2)), "it does not go back");
    let renewed = ChainAnchor { signature: link(8), ..anchor(2) };
    log.remove_chained(&renewed).await.unwrap();
    assert_eq!(log.chain_anchor().await.unwrap(), Some(renewed));
    assert_eq!(log.chain_head().await.unwrap().sequence, 4);
    assert_eq!(log.remove_chained(&anchor(4)).await.unwrap(), 2);
    assert_eq!(log.chain_head().await.unwrap(), anchor(4).head, "where the next row goes");
}

/// The numbers of all rows that are asked for, page by page.
async fn found(backend: &Backend, filter: AuditFilter, limit: usize) -> Vec<u64> {
    let (mut numbers, mut behind) = (Vec::new(), None);
    loop {
        let query = AuditQuery { filter: filter.clone(), behind, limit };
        let page = backend.audit.audit_page(&query).await.unwrap();
        assert!(page.rows.len() <= limit, "{page:?}");
        numbers.extend(page.rows.iter().map(|row| row.sequence));
        behind = page.next;
        if behind.is_none() {
            return numbers;
        }
    }
}

pub(crate) async fn rows_are_found_newest_first(backend: &Backend) {
    let staging = Some(Environment::Staging);
    let entries = [
        AuditEntry { environment: staging, ..entry("ana", 10, "tenants/a") },
        AuditEntry { environment: Some(Environment::Production), ..entry("ana", 20, "tenants/ab") },
        // Of a process that was slow to leave it.
        AuditEntry { environment: staging, ..entry("bob", 5, "tenants/a/settings/ledger") },
        AuditEntry { action: AuditAction::Create, ..entry("bob", 30, "services/ledger") },
        AuditEntry { request_id: None, ..entry("ana", 30, "cache/keys") },
    ];
    let rows = chain(backend, &entries).await;
    let one = AuditFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let at = |second: i64| Some(Timestamp::from_millis(second * 1_000));
    for (filter, expected) in [
        (one(), vec![5, 4, 2, 1, 3]),
        (AuditFilter { actor: text("ana"), ..one() }, vec![5, 2, 1]),
        (AuditFilter { actor: text("nobody"), ..one() }, vec![]),
        (AuditFilter { action: Some(AuditAction::Create), ..one() }, vec![4]),
        (AuditFilter { target: text("tenants"), ..one() }, vec![2, 1, 3]),
        (AuditFilter { target: text("tenants/a"), ..one() }, vec![1, 3]),
        (AuditFilter { target: text("tenants/a/settings"), ..one() }, vec![3]),
        (AuditFilter { request_id: text("request-20"), ..one() }, vec![2]),
        (AuditFilter { environment: staging, ..one() }, vec![1, 3]),
        (AuditFilter { environment: staging, actor: text("bob"), ..one() }, vec![3]),
        (AuditFilter { from: at(10), until: at(30), ..one() }, vec![2, 1]),
        (AuditFilter { from: at(30), target: text("services"), ..one() }, vec![4]),
    ] {
        for limit in [1, 2, 10] {
            assert_eq!(found(backend, filter.clone(), limit).await, expected, "{filter:?} by {limit}");
        }
    }
    let all = AuditQuery { filter: one(), behind: None, limit: 10 };
    let page = backend.audit.audit_page(&all).await.unwrap();
    assert_eq!(page.rows[0].entry, entries[4], "nothing is lost of it");
    assert_eq!(page.rows.len(), rows.len());
}
