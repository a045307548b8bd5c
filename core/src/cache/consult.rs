//! Whether a call goes through a cache, and under which key.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::canonical::{Ambiguous, LastWords};
use super::directive::{Directive, Keep, Lookup};
use super::key::{Key, Scope};
use super::spelling::Spelling;
use crate::client_credential;
use crate::digest::Digest;
use crate::endpoint::Endpoint;
use crate::intake::Intake;
use crate::price::Ratio;
use crate::route::Routed;
use crate::snapshot::cache::{CacheRules, KeyPart, Method, Partition, Semantic};

/// Names the way in which keys are made. Another way makes other keys, so that old entries are never found.
const SPELLING: &[u8] = b"2";

/// What a call has to do with the cache of its route.
#[derive(Clone, Debug, PartialEq)]
pub enum Consult {
    /// Nothing, for this reason.
    Pass(Passed),
    /// It goes through it.
    Ask(Box<Ask>),
}

/// Why a call does not go through the cache of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passed {
    /// It says so itself.
    Asked,
    /// Its format is none that the policy names.
    Method,
    /// It does not say whose it is: no credential, or not the header that the policy wants.
    NoClient,
    /// Its temperature is above the policy's.
    Temperature,
    /// Its body can be read in two ways.
    Ambiguous,
}

/// A call that goes through a cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What its answer is kept under.
    pub key: Key,
    /// Whether a kept answer may serve.
    pub lookup: bool,
    /// Whether its answer may be kept.
    pub keep: bool,
    /// The oldest answer that may serve.
    pub max_age: Duration,
    /// How long its answer may be kept.
    pub ttl: Duration,
    /// No provider is to be asked.
    pub only_if_cached: bool,
    /// What a lookup by meaning goes by; `None`: there is none.
    pub similar: Option<Similar>,
}

/// What a lookup by meaning goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    /// All that has to be equal: route, client, and all of the request but the last words of the user.
    pub group: Key,
    /// Those words.
    pub words: Arc<str>,
}

impl Passed {
    /// As it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Method => "method",
            Self::NoClient => "no_client",
            Self::Temperature => "temperature",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Decides it for one call. `spell`: its [`Spelling::of`], if it comes to that.
pub fn consult(
    rules: &CacheRules,
    routed: &Routed,
    endpoint: Endpoint,
    intake: &Intake,
    headers: &HeaderMap,
    spell: impl FnOnce(&Intake, &CacheRules) -> Result<Arc<Spelling>, Ambiguous>,
) -> Consult {
    match ask(rules, routed, endpoint, intake, headers, spell) {
        Ok(ask) => Consult::Ask(Box::new(ask)),
        Err(passed) => Consult::Pass(passed),
    }
}

fn ask(
    rules: &CacheRules,
    routed: &Routed,
    endpoint: Endpoint,
    intake: &Intake,
    headers: &HeaderMap,
    spell: impl FnOnce(&Intake, &CacheRules) -> Result<Arc<Spelling>, Ambiguous>,
) -> Result<Ask, Passed> {
    let said = Directive::read(headers);
    if said.lookup == Lookup::Bypass {
        return Err(Passed::Asked);
    }
    if !Method::of(endpoint).is_some_and(|method| rules.methods.contains(&method)) {
        return Err(Passed::Method);
    }
    let scope = Scope {
        route: Arc::clone(&routed.route.label),
        client: client(&rules.partition, headers).ok_or(Passed::NoClient)?,
    };
    let spelling = spell(intake, rules).map_err(|_| Passed::Ambiguous)?;
    if is_hot(&spelling, rules.max_temperature) && !said.asks_for_cache() {
        return Err(Passed::Temperature);
    }
    let fixed = fixed(rules, routed, intake, headers, &said);
    let request = |what: &[u8], body: Digest| Key {
        scope: scope.clone(),
        request: Digest::of(
            [SPELLING, what, body.as_bytes()]
                .into_iter()
                .chain(fixed.iter().map(Vec::as_slice)),
        ),
    };
    let similar = rules
        .semantic
        .as_ref()
        .and_then(|semantic| similar(semantic, spelling.last_words.as_ref()?, request));
    let ttl = said.ttl.map_or(rules.ttl, |ttl| ttl.min(rules.ttl));
    Ok(Ask {
        key: request(b"equal", spelling.whole),
        lookup: said.lookup == Lookup::Allowed,
        keep: said.keep == Keep::Allowed && !ttl.is_zero(),
        max_age: said.max_age.map_or(rules.ttl, |age| age.min(rules.ttl)),
        ttl,
        only_if_cached: said.only_if_cached,
        similar,
    })
}

/// The parts of a key beside the body: the model that was asked for, what its rule asks of whom, and headers.
fn fixed(
    rules: &CacheRules,
    routed: &Routed,
    intake: &Intake,
    headers: &HeaderMap,
    said: &Directive,
) -> Vec<Vec<u8>> {
    let mut parts = vec![
        intake.model.clone().into_bytes(),
        routed.rule.answers.to_string().into_bytes(),
        said.namespace.clone().unwrap_or_default().into_bytes(),
    ];
    for part in &rules.key.include {
        let KeyPart::Header(name) = part else { continue };
        let values: Vec<_> = headers.get_all(&**name).iter().collect();
        parts.push(format!("{name} {}", values.len()).into_bytes());
        parts.extend(values.iter().map(|value| value.as_bytes().to_vec()));
    }
    parts
}

fn similar(semantic: &Semantic, last: &LastWords, key: impl Fn(&[u8], Digest) -> Key) -> Option<Similar> {
    let short = last.turns <= usize::try_from(semantic.max_turns).unwrap_or(usize::MAX);
    short.then(|| Similar {
        // Vectors of another model are not to be compared with.
        group: key(semantic.model.as_bytes(), last.around),
        words: Arc::clone(&last.words),
    })
}

/// Whose answers a call may see. `None`: nobody's.
fn client(partition: &Partition, headers: &HeaderMap) -> Option<Digest> {
    match partition {
        Partition::Route => Some(Digest::of_everybody()),
        Partition::Header(name) => {
            let mut values = headers.get_all(&**name).iter();
            // Two values: nobody can tell which one was put there by whom.
            let (Some(value), None) = (values.next(), values.next()) else {
                return None;
            };
            let value = value.as_bytes();
            (!value.is_empty()).then(|| Digest::of_header(value))
        }
        Partition::Credential => client_credential::shown(headers).map(Digest::of_credential),
    }
}

/// Whether a request states a temperature above the one up to which answers are kept.
fn is_hot(request: &Spelling, most: Ratio) -> bool {
    let stated = request.temperature.unwrap_or_default();
    stated * 1e6 > f64::from(most.millionths()) + 0.5
}

#[cfg(test)]
mod tests;
