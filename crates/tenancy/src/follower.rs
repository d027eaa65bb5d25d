//! Follows what other processes change.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use cache::{CacheError, CacheHandle, Expiry, Following};
use domain::{ChangeMark, Changed, StoreUnavailable};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::{Instant, timeout};

use crate::fail_safe::FailSafe;
use crate::invalidation::Invalidation;
use crate::parts::Parts;

const LOOK: Duration = Duration::from_millis(500);
/// How far back changes are gone through at least where the shared cache may have lost some: a server that failed over lost
/// what it was told last.
const DOUBT: Duration = Duration::from_secs(600);
/// In the shared cache: up to which mark all changes were told there, by whichever process.
const TOLD_UNTIL: &[u8] = b"pool-manager:told-until";
const SAY_EVERY: Duration = Duration::from_secs(10);
const MAX_TOLD: usize = 100_000;

/// Keys and tenants that are read at once to compare with what is remembered of them.
const AT_ONCE: usize = 16;

/// What a change has to be told.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) invalidation: Invalidation,
    pub(crate) fail_safe: FailSafe,
}

impl Told {
    /// Compares what is remembered for the fail-safe with what the store has now. Where that gives no answer, what is
    /// remembered does not count any more.
    async fn remembered(&self, parts: &Parts, news: Vec<Changed>) -> Result<(), StoreUnavailable> {
        let comparing = stream::iter(news).map(|changed| self.clone().compared(parts.clone(), changed));
        let noted: Vec<bool> = comparing.buffer_unordered(AT_ONCE).try_collect().await?;
        if noted.contains(&true) {
            self.fail_safe.persist().await;
        }
        Ok(())
    }

    async fn compared(self, parts: Parts, changed: Changed) -> Result<bool, StoreUnavailable> {
        match &changed {
            Changed::Tenant { id, version, services, .. }
                if self.fail_safe.is_behind(id, *version, services) =>
            {
                let found = parts.tenants.tenant(id).await;
                let found = found.inspect_err(|_away| self.fail_safe.supersede(id, *version, services))?;
                Ok(found.is_some_and(|tenant| self.fail_safe.learn(&tenant)))
            }
            Changed::ApiKey { hashes, version, .. } => {
                let followed = self.fail_safe.follow_key(hashes, *version, parts.api_keys.as_ref()).await;
                followed.map_err(|error| StoreUnavailable::new(error.source))
            }
            Changed::Tenant { .. } | Changed::Catalogue => Ok(false),
        }
    }
}

/// Looks every 500 ms at what changed in the store and forgets it here, and in the shared cache where it is old there: so a
/// change gets through also when the process that made it could tell nobody. At the start, and whenever a server of the shared
/// cache may have lost something, the last ten minutes are gone through before what stands there is relied on, and more where
/// that server was not told of all changes for longer: nobody reached it, or whoever could not tell it is gone.
pub(crate) struct Follower {
    parts: Parts,
    told_of: Told,
    cache: CacheHandle,
    /// Nothing in the shared cache is older.
    horizon: Duration,
    following: Following,
    mark: Option<ChangeMark>,
    /// The mark goes back as far as the shared cache needs.
    goes_back_enough: bool,
    said: Option<Instant>,
    /// The newest version of each record that was passed on: a store may tell a change again and again for a while.
    told: HashMap<String, u64>,
    /// Everything up to a moment ago was gone through: what comes from now on is news.
    is_up_to_date: bool,
    key_change_lag: KeyChangeLag,
}

/// Hears how long after its commit this process learnt of a change of a key from the store.
pub(crate) type KeyChangeLag = Arc<dyn Fn(Duration) + Send + Sync>;

impl Follower {
    /// Of this store. From now on what stands in `cache` is doubted until this follower has caught up. Nothing there lives for
    /// longer than `horizon`.
    pub(crate) fn new(
        parts: Parts,
        told_of: Told,
        cache: CacheHandle,
        horizon: Duration,
        key_change_lag: KeyChangeLag,
    ) -> Self {
        let following = cache.follow();
        Self {
            parts,
            told_of,
            cache,
            horizon,
            following,
            mark: None,
            goes_back_enough: false,
            said: None,
            told: HashMap::new(),
            is_up_to_date: false,
            key_change_lag,
        }
    }

    /// Follows for ever. While the store is away it is asked again and again, and what changed meanwhile is told then.
    pub(crate) async fn follow(mut self) {
        let (mut followed, mut is_away) = (None, false);
        loop {
            let generation = self.following.generation();
            if followed != Some(generation) {
                self.begin_anew();
            }
            match self.look().await {
                Ok(()) => {
                    if self.goes_back_enough {
                        self.following.caught_up(generation);
                        self.say().await;
                    }
                    (followed, is_away) = (Some(generation), false);
                }
                Err(error) => {
                    self.following.source_answers(false);
                    if !is_away {
                        tracing::warn!(
                            error = &error as &dyn Error,
                            "the changes of the store cannot be followed"
                        );
                    }
                    is_away = true;
                }
            }
            // A doubt that is followed by success is looked into at once.
            let doubted = async {
                if is_away {
                    std::future::pending::<()>().await;
                } else {
                    self.following.doubted_since(generation).await;
                }
            };
            let _ = timeout(LOOK, doubted).await;
        }
    }

    fn begin_anew(&mut self) {
        self.mark = None;
        self.goes_back_enough = false;
        self.is_up_to_date = false;
        self.told.clear();
    }

    async fn look(&mut self) -> Result<(), StoreUnavailable> {
        let mut mark = self.first_mark().await?;
        loop {
            let changes = self.parts.changes.changes_after(&mark).await?;
            // Before all of them are gone through, which may take a while: nobody need wait for that.
            self.following.source_answers(true);
            if let Some(outage) = self.told_of.fail_safe.outage() {
                outage.store_answers();
            }
            let mut news = changes.changed;
            news.retain(|changed| self.is_new(changed));
            self.told_of.invalidation.followed(&news).await;
            self.measure(&news);
            if let Err(error) = self.told_of.remembered(&self.parts, news).await {
                // Told once more, they are compared once more.
                self.told.clear();
                self.is_up_to_date = false;
                return Err(error);
            }
            mark = changes.mark;
            self.mark = Some(mark);
            if !changes.has_more {
                self.is_up_to_date = true;
                return Ok(());
            }
        }
    }

    /// Tells how late the changes of keys came, once what was before is gone through: that would look late and is old.
    fn measure(&self, news: &[Changed]) {
        for changed in news.iter().filter(|_| self.is_up_to_date) {
            if let Changed::ApiKey { age, .. } = changed {
                (self.key_change_lag)(*age);
            }
        }
    }

    /// Where to go on; at first, ten minutes ago, and as soon as the shared cache says up to where it was told, there.
    async fn first_mark(&mut self) -> Result<ChangeMark, StoreUnavailable> {
        if !self.goes_back_enough
            && let Ok(told) = self.told_until().await
        {
            self.begin_anew();
            let recent = self.parts.changes.mark_before(DOUBT).await?;
            let oldest = self.parts.changes.mark_before(self.horizon.max(DOUBT)).await?;
            // Where it does not say so it may be empty, or have dropped that too.
            self.mark = Some(told.map_or(oldest, |told| told.min(recent).max(oldest)));
            self.goes_back_enough = true;
        }
        match self.mark {
            Some(mark) => Ok(mark),
            None => self.parts.changes.mark_before(DOUBT).await,
        }
    }

    async fn told_until(&self) -> Result<Option<ChangeMark>, CacheError> {
        let said = self.cache.current()?.find::<i64>(TOLD_UNTIL).await?;
        Ok(said.map(ChangeMark))
    }

    /// Says up to where the shared cache was told, unless it has to be told of something yet.
    async fn say(&mut self) {
        let is_due = self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY);
        let (Some(mark), true, 0) = (self.mark, is_due, self.cache.unannounced()) else { return };
        let Ok(cache) = self.cache.current() else { return };
        match cache.store(TOLD_UNTIL, &mark.0, Expiry::After(self.horizon)).await {
            Ok(()) => self.said = Some(Instant::now()),
            Err(error) => tracing::debug!(%error, "how far the shared cache was told is not noted"),
        }
    }

    fn is_new(&mut self, changed: &Changed) -> bool {
        let (record, version) = match changed {
            Changed::Tenant { id, version, .. } => (format!("tenant {id}"), *version),
            Changed::ApiKey { hashes, version, .. } => {
                (hashes.first().map(|hash| format!("key {hash}")).unwrap_or_default(), *version)
            }
            Changed::Catalogue => return false,
        };
        if self.told.len() >= MAX_TOLD {
            // Telling once more does no harm.
            self.told.clear();
        }
        self.told.insert(record, version).is_none_or(|told| told < version)
    }
}
