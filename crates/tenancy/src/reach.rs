//! What a caller that is for one environment may change of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Environment, Invalid, ModuleName, ResourceKind, Service};

/// The catalogue is one for both environments. A caller that is for one of them may add to it, and says where services of its
/// own environment are reached; it takes nothing away that the other may use. A field that
/// could not be read is not judged here: its error is noted already.
pub(crate) fn check_reach(
    own: Option<Environment>,
    before: Option<&Service>,
    after: Option<&Service>,
    invalid: &mut Invalid,
) {
    let Some(own) = own else { return };
    let is_unread = |field| invalid.is_about(field);
    let (has_modules, has_urls) = (!is_unread("modules") && !is_unread("resources"), !is_unread("baseUrls"));
    let elsewhere = |service: Option<&Service>| {
        let urls = service.map(|service| service.base_urls.clone()).unwrap_or_default();
        urls.into_iter().filter(|(environment, _)| *environment != own).collect::<BTreeMap<_, _>>()
    };
    if has_urls && elsewhere(before) != elsewhere(after) {
        invalid.add("baseUrls", format_args!("the caller may change that of {own} only"));
    }
    let modules =
        |service: Option<&Service>| service.map(|service| service.modules.clone()).unwrap_or_default();
    let kept = modules(after);
    let is_kept = |(name, kinds): (&ModuleName, &BTreeSet<ResourceKind>)| {
        kept.get(name).is_some_and(|now| kinds.is_subset(now))
    };
    let is_all_kept = (before.is_none() || after.is_some()) && modules(before).iter().all(is_kept);
    if has_modules && !is_all_kept {
        invalid.add("modules", "only a caller that is for both environments may take something away");
    }
}
