//! The token that a request presents.

use aws_lc_rs::digest::{SHA256, digest};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::refusal::Refusal;

/// What every token of this kind begins with: `{` and a quotation mark or a blank, in Base64.
const BEGIN: &str = "ey";
/// Room for many permissions, and far below the limit on headers.
const MAX_LENGTH: usize = 8_192;

/// A text that may be a token. Nothing shows it, and it is gone with the request.
pub(super) struct Presented(HeaderValue);

/// SHA-256 of a token, as which it is remembered.
pub(super) type TokenHash = [u8; 32];

impl Presented {
    /// Takes the token out of the headers, so that nothing behind can log it. `None` when the header holds none: what is not of
    /// the form of a token is left there, for others.
    pub(super) fn take(headers: &mut HeaderMap) -> Result<Option<Self>, Refusal> {
        let is_token = headers.get_all(AUTHORIZATION).iter().any(|value| token_of(value).is_some());
        if !is_token {
            return Ok(None);
        }
        let is_repeated = headers.get_all(AUTHORIZATION).iter().nth(1).is_some();
        let Some(mut value) = headers.remove(AUTHORIZATION) else { return Ok(None) };
        // Which of several would count is not the same for every proxy in front.
        if is_repeated {
            return Err(Refusal::Repeated);
        }
        value.set_sensitive(true);
        let presented = Self(value);
        if presented.text().len() > MAX_LENGTH {
            return Err(Refusal::TooLong);
        }
        Ok(Some(presented))
    }

    pub(super) fn text(&self) -> &str {
        token_of(&self.0).unwrap_or_default()
    }

    pub(super) fn hash(&self) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.text().as_bytes()).as_ref());
        hash
    }
}

/// The token behind `Bearer`, or bare, as older clients send it. Its signature is looked at later.
fn token_of(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        Some(_) => return None,
        None => text,
    };
    // No more is asked for: what is meant as a token, and is none, must not pass for nothing.
    (token.starts_with(BEGIN) && token.contains('.')).then_some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    fn taken(values: &[&str]) -> Result<Option<String>, Refusal> {
        let mut headers = headers(values);
        let taken = Presented::take(&mut headers)?.map(|presented| presented.text().to_owned());
        assert_eq!(headers.contains_key(AUTHORIZATION), taken.is_none() && !values.is_empty());
        Ok(taken)
    }

    #[test]
    fn a_token_stands_behind_its_scheme_or_alone() {
        for value in ["Bearer eyJh.b.c", "bearer  eyJh.b.c", "BEARER eyJh.b.c ", "eyJh.b.c"] {
            assert_eq!(taken(&[value]).unwrap().as_deref(), Some("eyJh.b.c"), "{value}");
        }
    }

    #[test]
    fn what_is_no_token_is_left_for_others() {
        let others = ["Bearer pm_staging_key", "Basic eyJh.b.c", "Bearer ey", "Bearer a.b.c", ""];
        for value in others {
            assert!(taken(&[value]).unwrap().is_none(), "{value}");
        }
        assert!(taken(&[]).unwrap().is_none());
    }

    #[test]
    fn what_is_meant_as_a_token_is_taken_for_one() {
        for token in ["eyJh.b", "eyJh.b.c.d", "eyJh.b.c=", "eyAi.b.c", "eyJh.b c"] {
            assert_eq!(taken(&[&format!("Bearer {token}")]).unwrap().as_deref(), Some(token));
        }
    }

    #[test]
    fn one_of_several_is_not_chosen_and_a_long_one_not_read() {
        assert!(matches!(taken(&["Bearer eyJh.b.c", "Basic x"]), Err(Refusal::Repeated)));
        assert!(matches!(taken(&["Basic x", "eyJh.b.c"]), Err(Refusal::Repeated)));
        let long = |length: usize| format!("Bearer eyJ{}.b.c", "a".repeat(length - 7));
        assert!(taken(&[&long(MAX_LENGTH)]).unwrap().is_some());
        assert!(matches!(taken(&[&long(MAX_LENGTH + 1)]), Err(Refusal::TooLong)));
    }

    proptest! {
        #[test]
        fn any_header_is_a_token_or_is_left(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
                let taken = Presented::take(&mut headers).unwrap();
                prop_assert_eq!(taken.is_none(), headers.contains_key(AUTHORIZATION));
            }
        }
    }
}
