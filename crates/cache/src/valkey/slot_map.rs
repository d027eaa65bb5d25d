//! Which node owns which slot, as read from CLUSTER SHARDS.

use fred::types::Value;

use super::reply;
use crate::address::NodeAddress;
use crate::slot::SLOTS;

const NOBODY: u16 = u16::MAX;

/// One state of the cluster's layout. Never changed, only replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlotMap {
    /// Grows with every refresh; tells a command sent by an older map from one sent by this.
    pub(super) generation: u64,
    owners: Vec<u16>,
    pub(super) masters: Vec<Master>,
}

/// A master and who copies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Master {
    pub(super) id: String,
    pub(super) address: NodeAddress,
    pub(super) replicas: Vec<NodeAddress>,
    /// Number of slots it owns.
    pub(super) slots: u16,
}

impl SlotMap {
    /// A single node owns everything.
    pub(super) fn single(address: NodeAddress) -> Self {
        let master = Master { id: String::new(), address, replicas: Vec::new(), slots: SLOTS };
        Self { generation: 0, owners: vec![0; usize::from(SLOTS)], masters: vec![master] }
    }

    /// Reads the answer of CLUSTER SHARDS that `source` gave. `None` when it is not such an answer.
    pub(super) fn from_shards(answer: Value, source: &NodeAddress, tls: bool) -> Option<Self> {
        let mut map = Self { generation: 0, owners: vec![NOBODY; usize::from(SLOTS)], masters: Vec::new() };
        for shard in reply::list(answer)? {
            let mut shard = reply::fields(shard)?;
            let slots = reply::list(shard.remove("slots")?)?;
            let nodes = reply::list(shard.remove("nodes")?)?;
            let nodes: Option<Vec<ShardNode>> =
                nodes.into_iter().map(|node| ShardNode::read(node, source, tls)).collect();
            map.add(&slots, &nodes?)?;
        }
        Some(map)
    }

    fn add(&mut self, slots: &[Value], nodes: &[ShardNode]) -> Option<()> {
        // After a fail-over the old master may still be listed as one, but not as online.
        let master = nodes
            .iter()
            .position(|node| node.is_master && node.is_online)
            .or_else(|| nodes.iter().position(|node| node.is_master));
        let Some(master) = master else { return Some(()) };
        let index = u16::try_from(self.masters.len()).ok()?;
        let mut owned = 0;
        for range in slots.chunks_exact(2) {
            let from = usize::try_from(reply::unsigned(&range[0])?).ok()?;
            let to = usize::try_from(reply::unsigned(&range[1])?).ok()?;
            let range = self.owners.get_mut(from..=to)?;
            owned += u16::try_from(range.len()).ok()?;
            range.fill(index);
        }
        let is_replica = |(at, _): &(usize, &ShardNode)| *at != master;
        let replicas =
            nodes.iter().enumerate().filter(is_replica).map(|(_, node)| node.address.clone()).collect();
        let node = &nodes[master];
        self.masters.push(Master {
            id: node.id.clone(),
            address: node.address.clone(),
            replicas,
            slots: owned,
        });
        Some(())
    }

    /// The same layout as the next in line.
    pub(super) fn with_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// The owner of a slot.
    pub(super) fn owner(&self, slot: u16) -> Option<&Master> {
        self.masters.get(usize::from(self.owners[usize::from(slot)]))
    }

    /// Masters that own at least one slot.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Master> {
        self.masters.iter().filter(|master| master.slots > 0)
    }

    /// The node with this id, master of at least nothing: a migration may go to a node without slots.
    pub(super) fn by_id(&self, id: &str) -> Option<&Master> {
        self.masters.iter().find(|master| master.id == id)
    }

    /// Whether the map names this node.
    pub(super) fn names(&self, address: &NodeAddress) -> bool {
        self.masters.iter().any(|master| master.address == *address || master.replicas.contains(address))
    }

    /// The slots, as half-open ranges, that belong to one owner or, with `None`, to nobody.
    pub(super) fn ranges_of(&self, master: Option<&Master>) -> Vec<(u16, u16)> {
        let index = master.and_then(|wanted| self.masters.iter().position(|master| master == wanted));
        let index = index.map_or(NOBODY, |index| u16::try_from(index).unwrap_or(NOBODY));
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for (slot, &owner) in (0_u16..).zip(&self.owners) {
            if owner != index {
                continue;
            }
            match ranges.last_mut() {
                Some((_, end)) if *end == slot => *end += 1,
                _ => ranges.push((slot, slot + 1)),
            }
        }
        ranges
    }

    /// Whether every slot has an owner.
    pub(super) fn is_complete(&self) -> bool {
        !self.owners.contains(&NOBODY)
    }
}

struct ShardNode {
    id: String,
    address: NodeAddress,
    is_master: bool,
    is_online: bool,
}

impl ShardNode {
    fn read(node: Value, source: &NodeAddress, tls: bool) -> Option<Self> {
        let fields = reply::fields(node)?;
        let text = |name: &str| fields.get(name).and_then(reply::text);
        let port =
            |name: &str| fields.get(name).and_then(reply::unsigned).and_then(|port| u16::try_from(port).ok());
        let port = if tls { port("tls-port").or_else(|| port("port")) } else { port("port") }?;
        // The preferred endpoint; empty or "?" means the host that we asked.
        let endpoint = text("endpoint").filter(|host| !host.is_empty() && host != "?");
        let host = endpoint.unwrap_or_else(|| source.host().to_owned());
        Some(Self {
            id: text("id")?,
            address: NodeAddress::new(host, port),
            is_master: text("role")? == "master",
            is_online: text("health")? == "online",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::from(text.to_owned())
    }

    fn node(id: &str, endpoint: &str, port: i64, role: &str, health: &str) -> Value {
        Value::Array(vec![
            text("id"),
            text(id),
            text("port"),
            Value::Integer(port),
            text("ip"),
            text("10.0.0.9"),
            text("endpoint"),
            text(endpoint),
            text("role"),
            text(role),
            text("replication-offset"),
            Value::Integer(1),
            text("health"),
            text(health),
        ])
    }

    fn shard(slots: &[i64], nodes: Vec<Value>) -> Value {
        let slots = slots.iter().map(|&slot| Value::Integer(slot)).collect();
        Value::Array(vec![text("slots"), Value::Array(slots), text("nodes"), Value::Array(nodes)])
    }

    fn map(shards: Vec<Value>) -> SlotMap {
        SlotMap::from_shards(Value::Array(shards), &NodeAddress::new("asked", 1), false).unwrap()
    }

    #[test]
    fn reads_owners_replicas_and_gaps() {
        let map = map(vec![
            shard(
                &[0, 99, 200, 299],
                vec![node("a", "one", 1, "master", "online"), node("r", "two", 2, "replica", "online")],
            ),
            shard(&[100, 199], vec![node("b", "", 3, "master", "online")]),
            shard(&[], vec![node("c", "?", 4, "master", "online")]),
        ]);
        let address = |slot| map.owner(slot).map(|master| master.address.to_string());
        assert_eq!(address(99).as_deref(), Some("one:1"));
        assert_eq!(address(100).as_deref(), Some("asked:3"));
        assert_eq!(address(300), None);
        assert_eq!(map.ranges_of(map.owner(0)), [(0, 100), (200, 300)]);
        assert_eq!(map.ranges_of(None), [(300, SLOTS)]);
        assert_eq!(map.owners().count(), 2);
        assert!(map.by_id("c").is_some() && map.names(&NodeAddress::new("two", 2)) && !map.is_complete());
    }

    #[test]
    fn after_a_failover_the_online_master_counts() {
        let map = map(vec![shard(
            &[0, 16_383],
            vec![node("old", "one", 1, "master", "fail"), node("new", "two", 2, "master", "online")],
        )]);
        assert_eq!(map.owner(7).map(|master| master.id.as_str()), Some("new"));
        assert!(map.is_complete());
    }

    #[test]
    fn refuses_what_is_no_such_answer() {
        let asked = NodeAddress::new("asked", 1);
        assert_eq!(SlotMap::from_shards(text("OK"), &asked, false), None);
        let beyond = Value::Array(vec![shard(&[0, 16_384], vec![node("a", "one", 1, "master", "online")])]);
        assert_eq!(SlotMap::from_shards(beyond, &asked, false), None);
    }
}
