//! Looking for tenants by what people remember of them.

use std::collections::BTreeSet;

use crate::tenant::Tenant;
use crate::tenant_id::TenantId;

const MAX_WORDS: usize = 8;
const MAX_WORD_CHARACTERS: usize = 64;

/// Up to eight words without capitals, each to be found at the beginning of some word of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// The words of a text; `None` when there is none in it.
    pub fn of(text: &str) -> Option<Self> {
        let words = words_of(text).into_iter().take(MAX_WORDS);
        let mut words: Vec<String> = words.map(|word| canonical_id(&word).unwrap_or(word)).collect();
        words.sort_unstable();
        words.dedup();
        (!words.is_empty()).then_some(Self(words))
    }

    /// Whether each of them is at the beginning of some word of the tenant.
    pub fn find(&self, tenant: &Tenant) -> bool {
        let known = search_words_of(tenant);
        self.iter().all(|word| known.iter().any(|known| known.starts_with(word)))
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The words that a tenant is found by: those of its name and slug and their parts between signs, and its id in every spelling.
pub fn search_words_of(tenant: &Tenant) -> BTreeSet<String> {
    let whole = [tenant.slug.as_str(), tenant.name.as_str(), &tenant.id.to_string()].map(words_of);
    let parts = |word: String| {
        let parts: Vec<String> = word.split(['-', '_']).map(str::to_owned).collect();
        parts.into_iter().chain(canonical_id(&word)).chain([word])
    };
    let words = whole.into_iter().flatten().flat_map(parts).filter(|word| !word.is_empty());
    // Whole, so that the beginning of one with dashes is found; its parts would be found by everybody.
    let ids = tenant.id.spellings().into_iter().chain([tenant.id.dashless()]);
    words.chain(ids.flat_map(|id| words_of(&id))).collect()
}

/// What a UUID with dashes is looked for by: a slug may be one too, so both sides do the same with them.
fn canonical_id(word: &str) -> Option<String> {
    let id = word.parse::<TenantId>().ok()?.to_string();
    (id != word).then_some(id)
}

/// Letters without accents, in lower case. Signs separate words, except those of slugs and ids.
fn words_of(text: &str) -> Vec<String> {
    let plain = deunicode::deunicode(text).to_lowercase();
    plain
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_'))
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| !word.is_empty())
        .map(shortened)
        .collect()
}

fn shortened(word: &str) -> String {
    word.chars().take(MAX_WORD_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::any_text::any_text;
    use proptest::prelude::*;

    #[test]
    fn accents_capitals_and_signs_do_not_matter() {
        let words = |text: &str| SearchWords::of(text).map(|words| words.0);
        assert_eq!(words("  Itaú, BANK itau "), Some(vec!["bank".to_owned(), "itau".to_owned()]));
        assert_eq!(words("blue-bank"), Some(vec!["blue-bank".to_owned()]));
        let id = "0f8fad5bd9cb469fa16570867728950e";
        assert_eq!(words("0F8FAD5B-D9CB-469F-A165-70867728950E"), Some(vec![id.to_owned()]));
        assert_eq!(words("0f8fad5b-d9cb"), Some(vec!["0f8fad5b-d9cb".to_owned()]));
        assert_eq!(words(" ,. - "), None);
        assert_eq!(words(&"a b c d e f g h i j".repeat(3)).unwrap().len(), 8);
    }

    proptest! {
        #[test]
        fn any_text_is_a_bounded_number_of_words(text in any_text()) {
            let Some(words) = SearchWords::of(&text) else { return Ok(()) };
            prop_assert!((1..=MAX_WORDS).contains(&words.iter().count()));
            prop_assert!(words.iter().all(|word| (1..=MAX_WORD_CHARACTERS).contains(&word.chars().count())));
        }
    }
}
