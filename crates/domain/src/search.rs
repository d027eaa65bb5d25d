//! Looking for tenants by what people remember of them.

use std::collections::BTreeSet;

use crate::tenant::Tenant;

const MAX_WORDS: usize = 8;
const MAX_WORD_CHARACTERS: usize = 64;

/// Up to eight words without capitals, each to be found at the beginning of some word of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    /// The words of a text; `None` when there is none in it.
    pub fn of(text: &str) -> Option<Self> {
        let mut words: Vec<String> = words_of(text).into_iter().take(MAX_WORDS).collect();
        words.sort_unstable();
        words.dedup();
        (!words.is_empty()).then_some(Self(words))
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The words that a tenant is found by: those of its name and slug and their parts between signs, and its id.
pub fn search_words_of(tenant: &Tenant) -> BTreeSet<String> {
    let whole = [tenant.slug.as_str(), tenant.name.as_str(), &tenant.id.to_string()].map(words_of);
    let parts = |word: String| {
        let parts: Vec<String> = word.split(['-', '_']).map(str::to_owned).collect();
        parts.into_iter().chain([word])
    };
    whole.into_iter().flatten().flat_map(parts).filter(|word| !word.is_empty()).collect()
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

    #[test]
    fn accents_capitals_and_signs_do_not_matter() {
        let words = |text: &str| SearchWords::of(text).map(|words| words.0);
        assert_eq!(words("  Itaú, BANK itau "), Some(vec!["bank".to_owned(), "itau".to_owned()]));
        assert_eq!(words("blue-bank"), Some(vec!["blue-bank".to_owned()]));
        assert_eq!(words(" ,. - "), None);
        assert_eq!(words(&"a b c d e f g h i j".repeat(3)).unwrap().len(), 8);
    }
}
