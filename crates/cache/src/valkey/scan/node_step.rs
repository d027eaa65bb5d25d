//! A step on a single node: the server's own cursor, good for one server process.

use tokio::time::Instant;

use super::{Scan, Step};
use crate::error::CacheError;
use crate::keyspace::{RunId, State};

impl Scan<'_> {
    pub(super) async fn node_step(
        &self,
        position: u64,
        run: RunId,
        count: usize,
        deadline: Instant,
    ) -> Result<Step, CacheError> {
        let map = self.topology.map();
        let Some(master) = map.masters.first() else {
            return Err(self.topology.unowned(0));
        };
        let node = self.topology.node(&master.address);
        let mut reading = self.read(&node, position, count, &[], deadline).await?;
        // A position of another process means nothing here (the server was restarted, or a replica took over).
        let restarted = position != 0 && reading.run != run;
        if restarted {
            reading = self.read(&node, 0, count, &[], deadline).await?;
        }
        let is_end = reading.cursor == 0;
        let next = State::Single { position: reading.cursor, run: reading.run };
        Ok(Step {
            keys: reading.keys,
            next: (!is_end).then_some(next),
            node,
            restarted,
            node_keys: reading.node_keys,
            finished: if is_end { 1.0 } else { 0.0 },
        })
    }
}
