//! Names become addresses only if all of them may be asked.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use domain::{HostFault, HostRules};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Who knows the addresses of names; tests have their own.
pub(super) type LookUp = fn(String) -> Answer;
/// What it says.
pub(super) type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks at every answer of DNS. The connection goes to the very addresses that were looked at, so that a second answer
/// that differs from the first helps nobody.
pub(super) struct GuardedResolver {
    rules: HostRules,
    look_up: LookUp,
}

impl GuardedResolver {
    pub(super) fn new(rules: HostRules, look_up: LookUp) -> Self {
        Self { rules, look_up }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, answer) = (self.rules, (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let addresses = guarded(rules, answer.await?)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The system's resolver.
pub(super) fn of_the_system(name: String) -> Answer {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// One address that is refused spoils the answer: nobody who means well mixes them.
fn guarded(rules: HostRules, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, HostFault> {
    addresses.iter().try_for_each(|address| rules.check_address(address.ip()))?;
    Ok(addresses)
}
