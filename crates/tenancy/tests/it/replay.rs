//! The log of events, of which the first are not kept any more.

use domain::{Environment, EventLog, Timestamp};
use tenancy::{EventsAbout, ReplayError};

use crate::dying::Mortal;
use crate::secret_writes::module;

const STAGING: Environment = Environment::Staging;

async fn release_all(log: &dyn EventLog) -> u64 {
    let waiting = log.waiting(None, 100).await.unwrap();
    for (sequence, waiting) in (1..).zip(&waiting) {
        let event = waiting.event.as_ref().unwrap();
        log.release(event, sequence, Timestamp::ZERO).await.unwrap();
    }
    u64::try_from(waiting.len()).unwrap()
}

#[tokio::test]
async fn who_has_no_number_begins_with_what_is_kept() {
    let mortal = Mortal::sqlite();
    module(&mortal).await;
    let (log, cases) = (mortal.parts.events.clone(), mortal.process());
    let replay = &cases.events;
    let all = EventsAbout::default();
    let empty = replay.after(STAGING, None, &all, 10).await.unwrap();
    assert_eq!((empty.next, empty.last, empty.has_more), (0, 0, false));

    let last = release_all(log.as_ref()).await;
    assert!(last >= 3, "{last}");
    assert_eq!(log.remove_released(STAGING, Timestamp::from_millis(1), 1).await.unwrap(), 1);
    let page = replay.after(STAGING, None, &all, 1).await.unwrap();
    assert_eq!((page.events[0].sequence, page.next, page.last, page.has_more), (2, 2, last, true));
    let page = replay.after(STAGING, Some(page.next), &all, 100).await.unwrap();
    assert_eq!((page.events[0].sequence, page.next, page.has_more), (3, last, false));
    assert_eq!(replay.after(STAGING, Some(1), &all, 1).await.unwrap().events[0].sequence, 2);
    for unknown in [0, last + 1] {
        let gone = replay.after(STAGING, Some(unknown), &all, 10).await;
        assert!(matches!(gone, Err(ReplayError::Gone { first: 2, .. })), "{unknown}: {gone:?}");
    }
}
