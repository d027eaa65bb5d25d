//! What a token says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use domain::{Caller, CallerId, Scope, Scopes};
use serde::Deserialize;

use super::policy::TokenPolicy;
use super::refusal::Refusal;

/// How far clocks may differ.
const LEEWAY: Duration = Duration::from_secs(30);
/// Longer than ids are; shorter than what a name of a caller is cut to, so that no two subjects have one name.
const MAX_SUBJECT_LENGTH: usize = 100;
/// In the names of callers: no key has an id with a colon, so no token passes for one.
const NAME: &str = "token";

/// The claims that count here. `permissions` is what WorkOS makes of the role of a user, `scope` what a machine was granted
/// (RFC 8693, 4.2). A role by itself permits nothing.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    aud: Option<OneOrMany>,
    org_id: Option<String>,
    permissions: Option<Vec<String>>,
    scope: Option<String>,
}

/// `aud` is a text or a list of them (RFC 7519, 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Who may issue the token that says so; read before its signature is checked, to know whose keys to check it with.
#[derive(Deserialize)]
pub(super) struct Unverified {
    pub(super) iss: String,
}

impl Claims {
    /// The caller that these claims name, and until when.
    pub(super) fn caller(
        &self,
        policy: &TokenPolicy,
        issuer: usize,
        now: SystemTime,
    ) -> Result<(Caller, SystemTime), Refusal> {
        let until = time(self.exp).ok_or(Refusal::Malformed)? + LEEWAY;
        if until <= now {
            return Err(Refusal::Expired);
        }
        if let Some(begin) = self.nbf {
            let begin = time(begin).ok_or(Refusal::Malformed)?;
            if begin > now + LEEWAY {
                return Err(Refusal::NotYet);
            }
        }
        if !self.is_for(&policy.audiences) {
            return Err(Refusal::Audience);
        }
        let is_of = |organization: &String| self.org_id.as_ref() == Some(organization);
        if !policy.organizations.is_empty() && !policy.organizations.iter().any(is_of) {
            return Err(Refusal::Organization);
        }
        let is_plain = self.sub.bytes().all(|byte| byte.is_ascii_graphic());
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT_LENGTH || !is_plain {
            return Err(Refusal::Subject);
        }
        let id = CallerId::from(format!("{}:{}", namespace(policy, issuer), self.sub));
        Ok((Caller::new(id, self.scopes()), until))
    }

    /// A token that names an audience is for that audience only.
    fn is_for(&self, audiences: &[String]) -> bool {
        match &self.aud {
            None => audiences.is_empty(),
            Some(OneOrMany::One(audience)) => audiences.contains(audience),
            Some(OneOrMany::Many(many)) => many.iter().any(|audience| audiences.contains(audience)),
        }
    }

    /// The permissions of this service among what the token permits; it may permit much elsewhere.
    fn scopes(&self) -> Scopes {
        let granted = self.scope.iter().flat_map(|scope| scope.split_ascii_whitespace());
        let texts = self.permissions.iter().flatten().map(String::as_str).chain(granted);
        texts.filter_map(|text| text.parse::<Scope>().ok()).collect()
    }
}

/// What tells the subjects of issuers apart, in names of callers: those of the first have none, others the beginning of the
/// SHA-256 of the issuer.
fn namespace(policy: &TokenPolicy, issuer: usize) -> String {
    match policy.issuers.get(issuer) {
        Some(issuer_of) if issuer > 0 => {
            let hash = digest(&SHA256, issuer_of.name.as_bytes());
            format!("{NAME}@{}", const_hex::encode(&hash.as_ref()[..4]))
        }
        _ => NAME.to_owned(),
    }
}

/// A `NumericDate` (RFC 7519, 2): seconds since 1970, also with a fraction.
fn time(seconds: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    // The end of the year 9999; room for the leeway.
    (since.as_secs() < 253_402_300_800).then(|| UNIX_EPOCH + since)
}
