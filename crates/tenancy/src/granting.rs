//! Who may hand out keys, and with what.

use domain::{Actor, Scope, Scopes, ServiceName};

use crate::refusal::Refusal;

/// Who hands out what.
#[derive(Clone, Copy)]
pub struct Granting<'a>(pub &'a Scopes);

impl Granting<'_> {
    /// A key of a service reads what is its service's, without a scope: only that service, and whoever reads the connections of
    /// all, may hand that out or take it away. Keys of no service are not for callers that are a service themselves.
    pub(crate) fn check_owner(self, service: Option<&ServiceName>, actor: &Actor) -> Result<(), Refusal> {
        match service {
            Some(service) if actor.binding.is_of(service) => Ok(()),
            Some(_) if self.0.allows(&Scope::CONNECTIONS_READ) => Ok(()),
            Some(_) => Err(Refusal::NotGranted(Scope::CONNECTIONS_READ)),
            None if actor.binding.service.is_none() => Ok(()),
            None => Err(Refusal::Bound("a service")),
        }
    }

    /// Nobody can be given what the giver has not.
    pub(crate) fn check_scopes(self, scopes: &Scopes) -> Result<(), Refusal> {
        match scopes.iter().find(|scope| !self.0.allows(scope)) {
            Some(scope) => Err(Refusal::NotGranted(scope.clone())),
            None => Ok(()),
        }
    }
}
