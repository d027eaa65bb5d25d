//! What the service itself fetches over HTTP, such as the keys of an issuer of tokens. An address that comes from a setting
//! or an answer must not lead where only this machine gets: the host of the URL and every address that it resolves to are
//! looked at, redirects are not followed, and no proxy of the environment is used.

mod error;
mod guarded_resolver;
#[cfg(test)]
mod tests;
mod trust;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::{HostFault, HostRules, is_loopback_host};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};
use tokio::sync::Semaphore;

pub use error::OutboundError;
use guarded_resolver::{GuardedResolver, LookUp};

/// The whole of it: name, connection, TLS, answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const MAX_BYTES: usize = 1_024 * 1_024;
const MAX_AT_ONCE: usize = 8;

/// Fetches by HTTP. Clones are one: they share their connections and their bound.
#[derive(Debug, Clone)]
pub struct OutboundHttp {
    client: Client,
    rules: HostRules,
    places: Arc<Semaphore>,
}

impl OutboundHttp {
    /// Fetches from hosts that `rules` allow, by https; by http too from the machine itself, where they allow that.
    /// Trusts the authorities of the system.
    pub fn new(rules: HostRules) -> Result<Self, OutboundError> {
        let tls = trust::of_the_system().ok_or(OutboundError::NoTrust)?;
        Self::with(rules, guarded_resolver::of_the_system, Client::builder().use_preconfigured_tls(tls))
    }

    fn with(rules: HostRules, look_up: LookUp, builder: ClientBuilder) -> Result<Self, OutboundError> {
        let client = builder
            .dns_resolver(Arc::new(GuardedResolver::new(rules, look_up)))
            .redirect(Policy::none())
            // A proxy would resolve names by itself.
            .no_proxy()
            .referer(false)
            .timeout(TIME_LIMIT)
            .connect_timeout(CONNECT_LIMIT)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(OutboundError::Setup)?;
        Ok(Self { client, rules, places: Arc::new(Semaphore::new(MAX_AT_ONCE)) })
    }

    /// The body of an answer that is a success, of at most 1 MiB, within 5 seconds.
    pub async fn get(&self, url: &str) -> Result<Bytes, OutboundError> {
        let url = checked(self.rules, url)?;
        // Who finds no place is told so: whoever asks again and again is not to pile up.
        let _place = self.places.try_acquire().map_err(|_| OutboundError::Busy)?;
        let response = self.client.get(url).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(OutboundError::Status(response.status()));
        }
        read(response).await
    }
}

/// Whether [`OutboundHttp::get`] would try the URL at all. For settings: a fault is best told at start.
pub(crate) fn check(rules: HostRules, url: &str) -> Result<(), OutboundError> {
    checked(rules, url).map(|_| ())
}

fn checked(rules: HostRules, text: &str) -> Result<Url, OutboundError> {
    // The parser turns odd spellings of addresses into plain ones, so what is looked at is what is asked.
    let url = Url::parse(text).map_err(|_| OutboundError::Url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::User);
    }
    let host = url.host_str().ok_or(OutboundError::Url)?;
    rules.check(host).map_err(OutboundError::Host)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if rules.allows_loopback() && is_loopback_host(host) => Ok(url),
        _ => Err(OutboundError::ClearText),
    }
}

async fn read(mut response: Response) -> Result<Bytes, OutboundError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > MAX_BYTES as u64 {
        return Err(OutboundError::TooLong { limit: MAX_BYTES });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(OutboundError::TooLong { limit: MAX_BYTES });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What became of the request; a refusal of the resolver is one of ours.
fn failed(error: reqwest::Error) -> OutboundError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(fault) = inner.downcast_ref::<HostFault>() {
            return OutboundError::Host(*fault);
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        return OutboundError::TooSlow { limit: TIME_LIMIT };
    }
    // The caller knows the URL, and the log need not.
    OutboundError::Failed(error.without_url())
}
