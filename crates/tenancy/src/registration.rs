//! A tenant that is to be made: as it is wished for, and checked.

use domain::{Actor, DisplayName, Environment, Isolation, Owner, Slug, SlugError, TextMap};

use crate::draft::Draft;
use crate::refusal::Refusal;

/// A tenant to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    /// Its slug; made from the name where none is given.
    pub slug: Option<Slug>,
    /// What it is called; needed.
    pub name: Option<DisplayName>,
    /// Where it belongs; needed.
    pub environment: Option<Environment>,
    /// What its associations get that are made without a mode.
    pub isolation: Isolation,
    /// What others keep with it.
    pub metadata: TextMap,
    /// Who it is for; needed.
    pub owner: Option<Owner>,
}

/// A tenant to be made, with which nothing is wrong.
pub(crate) struct Registration {
    pub(crate) slug: WishedSlug,
    pub(crate) name: DisplayName,
    pub(crate) environment: Environment,
    pub(crate) isolation: Isolation,
    pub(crate) metadata: TextMap,
    pub(crate) owner: Owner,
}

/// Where its slug is from.
pub(crate) enum WishedSlug {
    Given(Slug),
    /// Made of the name and, in case that somebody has it, of the name and the owner.
    Made {
        plain: Slug,
        own: Slug,
    },
}

impl Registration {
    /// What is wished, if it makes sense and the actor may see it.
    pub(crate) fn of(draft: Draft<NewTenant>, actor: &Actor) -> Result<Self, Refusal> {
        // Before anything is looked at: it must not learn who has a slug.
        if actor.binding.tenant.is_some() {
            return Err(Refusal::Bound("one tenant"));
        }
        let Draft { wish, mut invalid } = draft;
        if wish.environment.is_some_and(|wished| actor.binding.environment.is_some_and(|own| own != wished)) {
            invalid.add("environment", "is not the one that the caller is for");
        }
        let slug = match (wish.slug, &wish.name, &wish.owner) {
            (Some(slug), _, _) => Some(WishedSlug::Given(slug)),
            (None, Some(name), owner) if !invalid.is_about("slug") => {
                invalid.take("slug", WishedSlug::made(name, owner.as_ref())).flatten()
            }
            _ => None,
        };
        let needed = slug.zip(wish.name).zip(wish.environment).zip(wish.owner);
        let (((slug, name), environment), owner) = invalid.settle(needed)?;
        Ok(Self { slug, name, environment, isolation: wish.isolation, metadata: wish.metadata, owner })
    }
}

impl WishedSlug {
    /// `None` without an owner, where only the name can be looked at.
    fn made(name: &DisplayName, owner: Option<&Owner>) -> Result<Option<Self>, SlugError> {
        let plain = Slug::derive(name.as_str())?;
        let own = owner.map(|owner| plain.of_owner(&owner.email)).transpose()?;
        Ok(own.map(|own| Self::Made { plain, own }))
    }
}
