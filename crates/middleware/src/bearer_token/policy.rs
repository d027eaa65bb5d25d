//! Which tokens are believed.

use std::fmt;
use std::sync::Arc;

use domain::KeySetSource;

/// Which tokens are believed: who issued them, for whom, and on whose behalf.
#[derive(Debug, Clone, Default)]
pub struct TokenPolicy {
    /// Those whose tokens are believed. A key of one of them is good for its tokens only.
    pub issuers: Vec<TokenIssuer>,
    /// A token must name one of these in `aud`. When there is none, a token that names anybody is refused, and one that names
    /// nobody is not (RFC 7519, 4.1.3).
    pub audiences: Vec<String>,
    /// A token must name one of these in `org_id`, unless there is none.
    pub organizations: Vec<String>,
}

/// One who issues tokens.
#[derive(Clone)]
pub struct TokenIssuer {
    /// What its tokens say in `iss`, to the letter.
    pub name: String,
    /// Where its keys are read.
    pub keys: Arc<dyn KeySetSource>,
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenIssuer").field("name", &self.name).finish_non_exhaustive()
    }
}
