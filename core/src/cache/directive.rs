//! What a request says about the cache: `Cache-Control` as in RFC 9111 section 5.2.1, `x-wayleave-cache`, and the headers
//! that Portkey and Cloudflare have for the same.

use std::time::Duration;

use http::HeaderMap;
use http::header::CACHE_CONTROL;

/// What a request says about the cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directive {
    /// Whether a kept answer may serve.
    pub(super) lookup: Lookup,
    /// Whether its answer may be kept.
    pub(super) keep: Keep,
    /// How old a kept answer may be.
    pub(super) max_age: Option<Duration>,
    /// How long its answer may be kept.
    pub(super) ttl: Option<Duration>,
    /// No provider is to be asked.
    pub(super) only_if_cached: bool,
    /// A further part of the key (Portkey's namespace).
    pub(super) namespace: Option<String>,
}

/// Whether a kept answer may serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lookup {
    /// It may.
    #[default]
    Allowed,
    /// A new one is wanted.
    Refresh,
    /// The cache is to be left alone.
    Bypass,
}

/// Whether an answer may be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// It may.
    #[default]
    Allowed,
    /// It may not.
    Forbidden,
}

impl Directive {
    /// Reads the headers. What is not understood says nothing.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for word in words(headers, CACHE_CONTROL.as_str()) {
            said.control(&word);
        }
        for word in words(headers, "x-wayleave-cache") {
            match word.as_str() {
                "bypass" => said.bypass(),
                "refresh" => said.refresh(),
                _ => {}
            }
        }
        if is_true(headers, "x-portkey-cache-force-refresh") {
            said.refresh();
        }
        said.namespace = text(headers, "x-portkey-cache-namespace").map(str::to_owned);
        if is_true(headers, "cf-aig-skip-cache") {
            said.bypass();
        }
        if let Some(ttl) = text(headers, "cf-aig-cache-ttl").and_then(seconds) {
            said.ttl = Some(ttl);
        }
        said
    }

    /// Whether it asks for a cache, rather than only about one.
    pub(super) const fn asks_for_cache(&self) -> bool {
        self.max_age.is_some() || self.ttl.is_some() || self.only_if_cached
    }

    fn control(&mut self, word: &str) {
        match word.split_once('=') {
            None if word == "no-cache" => self.refresh(),
            None if word == "no-store" => self.keep = Keep::Forbidden,
            None if word == "only-if-cached" => self.only_if_cached = true,
            Some(("max-age", value)) => self.max_age = seconds(value.trim_matches('"')).or(self.max_age),
            _ => {}
        }
    }

    fn refresh(&mut self) {
        if self.lookup == Lookup::Allowed {
            self.lookup = Lookup::Refresh;
        }
    }

    fn bypass(&mut self) {
        self.lookup = Lookup::Bypass;
        self.keep = Keep::Forbidden;
    }
}

/// The words of a list, in lower case.
fn words(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|word| word.trim().to_ascii_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

fn is_true(headers: &HeaderMap, name: &str) -> bool {
    text(headers, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Whole seconds; more than fit count as the most that do.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Directive {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Directive::read(&headers.collect())
    }

    #[test]
    fn nothing_said_allows_all() {
        assert_eq!(read(&[]), Directive::default());
        assert_eq!(
            read(&[("cache-control", "public, max-age=x, max-age")]),
            Directive::default()
        );
    }

    #[test]
    fn a_fresh_answer_is_asked_for_in_several_ways() {
        for header in [
            ("cache-control", "max-stale, No-Cache"),
            ("x-wayleave-cache", "refresh"),
            ("x-portkey-cache-force-refresh", "True"),
        ] {
            let said = read(&[header]);
            assert_eq!(
                (said.lookup, said.keep),
                (Lookup::Refresh, Keep::Allowed),
                "{header:?}"
            );
        }
        for header in [("x-wayleave-cache", "bypass"), ("cf-aig-skip-cache", "true")] {
            let said = read(&[header, ("cache-control", "no-cache")]);
            assert_eq!(
                (said.lookup, said.keep),
                (Lookup::Bypass, Keep::Forbidden),
                "{header:?}"
            );
        }
        let said = read(&[("cache-control", "no-store")]);
        assert_eq!((said.lookup, said.keep), (Lookup::Allowed, Keep::Forbidden));
    }

    #[test]
    fn ages_are_seconds() {
        let said = read(&[
            ("cache-control", "max-age=\"60\", only-if-cached"),
            ("cf-aig-cache-ttl", "99999999999"),
            ("x-portkey-cache-namespace", "n"),
        ]);
        assert_eq!(said.max_age, Some(Duration::from_secs(60)));
        assert_eq!(said.ttl, Some(Duration::from_secs(u32::MAX.into())));
        assert!(said.only_if_cached && said.asks_for_cache());
        assert_eq!(said.namespace.as_deref(), Some("n"));
    }
}
