//! What a reader of events asks for, and may see.

use std::num::{IntErrorKind, ParseIntError};

use domain::{CallerId, Environment, Invalid, Scope};
use http::request::Parts;
use tenancy::{EventPage, EventsAbout, ReplayError};

use crate::authorization::{caller_of, forbidden};
use crate::error::{ApiError, ParameterProblem};
use crate::parameters::Parameters;
use crate::state::ApiState;

/// Which events, as the caller may see them.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    caller: CallerId,
    environment: Environment,
    about: EventsAbout,
}

impl Reading {
    /// With the permission all events; a service key those of its service; a key of a tenant only what is about that one. An
    /// environment other than that of the key shows nothing, and so is refused.
    pub(super) fn of(parts: &Parts, parameters: &Parameters, state: &ApiState) -> Result<Self, ApiError> {
        let caller = caller_of(parts)?;
        let service = match &caller.binding().service {
            _ if caller.scopes().allows(&Scope::EVENTS_READ) => None,
            Some(service) => Some(service.clone()),
            None => return Err(forbidden(&Scope::EVENTS_READ)),
        };
        let mut invalid = Invalid::default();
        let asked = parameters.text("environment")?.map(|text| invalid.take("environment", text.parse()));
        let bound = caller.binding().environment;
        let asked = asked.flatten();
        if let (Some(asked), Some(bound)) = (asked, bound)
            && asked != bound
        {
            invalid.add("environment", format_args!("must be {bound}, as the key is of it"));
        }
        invalid.into_result()?;
        let environment = bound.or(asked).unwrap_or_else(|| state.environment());
        let about = EventsAbout { service, tenant: caller.binding().tenant.clone() };
        Ok(Self { caller: caller.id().clone(), environment, about })
    }

    /// Who reads.
    pub(super) fn caller(&self) -> &CallerId {
        &self.caller
    }

    /// The events behind a number, or from the first that is kept on.
    pub(super) async fn page(
        &self,
        state: &ApiState,
        after: Option<u64>,
        limit: usize,
    ) -> Result<EventPage, ReplayError> {
        state.use_cases().events.after(self.environment, after, &self.about, limit).await
    }

    /// The last number there is.
    pub(super) async fn last(&self, state: &ApiState) -> Result<u64, ReplayError> {
        Ok(state.use_cases().events.last(self.environment).await?)
    }
}

/// A number of an event. One that is too long for the type is behind the last all the same.
pub(super) fn number(name: &'static str, text: &str) -> Result<u64, ApiError> {
    text.trim().parse().or_else(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => Ok(u64::MAX),
        _ => Err(ApiError::parameter(name, ParameterProblem::NotANumber)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_refused_or_a_number(text: String, digits in "[0-9]{1,30}", known: u64) {
            let _ = number("after", &text);
            prop_assert_eq!(number("after", &digits).unwrap(), digits.parse().unwrap_or(u64::MAX));
            prop_assert_eq!(number("after", &format!(" {known} ")).unwrap(), known);
        }
    }
}
