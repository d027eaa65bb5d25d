//! What follows from a wish to delete: which keys, and whether that is allowed without more words.

use std::time::Duration;

use cache::{DeleteRequest, Glob, GlobError, KeyFilter};
use domain::{KeyFamily, TenantId};

use crate::deletion::DeletionWish;

/// Matching keys that a dry run names.
const SAMPLES: usize = 20;

/// How much of a tenant id the server looks for, bytes.
const LONGEST_ID: usize = 128;

/// How long a node that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a deletion may not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeletionRefusal {
    /// The pattern matches everything and was not confirmed.
    #[error("the pattern {pattern:?} matches everything")]
    CatchAllNotConfirmed {
        /// The pattern as it was written.
        pattern: String,
    },
    /// No pattern can be made of the tenant id.
    #[error("no pattern can be made of the tenant id")]
    Tenant(#[from] GlobError),
}

/// A deletion that may run.
#[derive(Debug)]
pub struct DeletionPlan {
    pub(super) pattern: Glob,
    pub(super) tenant: Option<TenantId>,
    pub(super) request: DeleteRequest,
}

impl DeletionPlan {
    /// A pattern that matches everything must be confirmed (a dry run, which deletes nothing, need not be), and even
    /// then keys of other programs stay unless they are meant expressly.
    pub fn of(wish: DeletionWish) -> Result<Self, DeletionRefusal> {
        let catch_all = is_catch_all(&wish.pattern);
        if catch_all && !wish.confirm && !wish.dry_run {
            return Err(DeletionRefusal::CatchAllNotConfirmed { pattern: wish.pattern.to_string() });
        }
        let (patterns, filter) = match &wish.tenant {
            Some(tenant) => tenant_keys(tenant, &wish.pattern)?,
            None if catch_all && !wish.foreign => {
                (vec![wish.pattern.clone()], Some(KeyFilter::new(|key| KeyFamily::of(key).is_some())))
            }
            None => (vec![wish.pattern.clone()], None),
        };
        let samples = if wish.dry_run { SAMPLES } else { 0 };
        let request = DeleteRequest { patterns, filter, dry_run: wish.dry_run, samples, patience: PATIENCE };
        Ok(Self { pattern: wish.pattern, tenant: wish.tenant, request })
    }

    /// What the key space is asked to do.
    pub fn request(&self) -> &DeleteRequest {
        &self.request
    }
}

/// Whether the pattern says nothing about which keys: it holds no letter or digit of its own (`*:*`, `{*}`), or it
/// matches a key of every family.
fn is_catch_all(pattern: &Glob) -> bool {
    let samples = KeyFamily::sample_keys();
    // A family with several forms counts when one of them matches.
    let matches_family_of = |key: &str| {
        let family = KeyFamily::of(key.as_bytes());
        let of_family = samples.iter().filter(|sample| KeyFamily::of(sample.as_bytes()) == family);
        of_family.map(|sample| sample.as_bytes()).any(|sample| pattern.matches(sample))
    };
    pattern.is_made_of_wildcards() || samples.iter().all(|key| matches_family_of(key))
}

/// The keys of one tenant: the server finds those that hold its id in any spelling, in one pass; this process picks
/// those whose tenant it really is. The pattern is for the whole key or for the part behind the tenant prefix, as services that
/// see only that part would write it.
fn tenant_keys(tenant: &TenantId, pattern: &Glob) -> Result<(Vec<Glob>, Option<KeyFilter>), GlobError> {
    let id = match &tenant.spellings()[..] {
        [_, dashed] => any_spelling(dashed),
        // The beginning of a long id is enough, and leaves room for the wildcards.
        _ => tenant.to_string().chars().take(LONGEST_ID).collect(),
    };
    let patterns = vec![format!("*{id}*").parse()?];
    let (tenant, pattern) = (tenant.clone(), pattern.clone());
    let filter = KeyFilter::new(move |key| {
        KeyFamily::belongs_to(key, &tenant)
            && (pattern.matches(key) || inside_tenant(key, &tenant).is_some_and(|rest| pattern.matches(rest)))
    });
    Ok((patterns, Some(filter)))
}

/// A pattern for a UUID: letters in either case, and a `*` where the dashes are, which also matches the spelling
/// without them.
fn any_spelling(dashed: &str) -> String {
    let mut spelled = String::new();
    for character in dashed.chars() {
        match character {
            '-' => spelled.push('*'),
            'a'..='f' => spelled.extend(['[', character, character.to_ascii_uppercase(), ']']),
            digit => spelled.push(digit),
        }
    }
    spelled
}

/// What stands behind the tenant prefix of a key, in any spelling of the id; `None` for keys without one.
fn inside_tenant<'a>(key: &'a [u8], tenant: &TenantId) -> Option<&'a [u8]> {
    let rest = key.strip_prefix(b"tenant:")?;
    let (id, rest) = match rest.strip_prefix(b"{") {
        Some(tagged) => {
            let end = tagged.iter().position(|&byte| byte == b'}')?;
            (&tagged[..end], tagged[end + 1..].strip_prefix(b":")?)
        }
        None => {
            let end = rest.iter().position(|&byte| matches!(byte, b':' | b'#'))?;
            (&rest[..end], &rest[end + 1..])
        }
    };
    let id: TenantId = std::str::from_utf8(id).ok()?.parse().ok()?;
    (id == *tenant).then_some(rest)
}

#[cfg(test)]
mod tests;
