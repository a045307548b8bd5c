//! Requests that were spelled out before: whoever asks the same again need not wait for it to be done again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use wayleave_core::cache::{Ambiguous, Spelling};
use wayleave_core::digest::Digest;
use wayleave_core::intake::Intake;
use wayleave_core::snapshot::cache::CacheRules;

/// The bytes that all of them may take.
const ROOM: u64 = 4 << 20;

/// What holding one takes beside itself, roughly.
const BESIDE: usize = 200;

/// How long one stays that nobody asks for.
const IDLE: Duration = Duration::from_secs(60);

/// Recent spellings, by their source.
pub(crate) struct Spellings(Cache<Digest, Arc<Spelling>>);

impl Default for Spellings {
    fn default() -> Self {
        let weigh = |_: &Digest, spelling: &Arc<Spelling>| {
            u32::try_from(spelling.size() + BESIDE).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(ROOM)
                .weigher(weigh)
                .time_to_idle(IDLE)
                .build(),
        )
    }
}

impl Spellings {
    /// That of a request, for such a policy.
    pub(crate) fn of(&self, intake: &Intake, rules: &CacheRules) -> Result<Arc<Spelling>, Ambiguous> {
        let source = Spelling::source(intake, rules);
        if let Some(spelling) = self.0.get(&source) {
            return Ok(spelling);
        }
        let spelling = Arc::new(Spelling::of(intake, rules)?);
        self.0.insert(source, Arc::clone(&spelling));
        Ok(spelling)
    }
}

impl fmt::Debug for Spellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spellings").finish_non_exhaustive()
    }
}
