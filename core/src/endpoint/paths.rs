//! Which paths are an endpoint's. What recognises a path and what describes it to others read the same words.

use super::{Endpoint, Place};

/// What may stand before an endpoint: of each of these one or none, in this order.
const VERSIONS: [&[&str]; 3] = [&["/v1"], &["/v1"], &["/v1beta", "/v1alpha", "/v1beta1"]];
/// Behind which a path names a model, whatever stands before.
const FOLDERS: [&str; 2] = ["/models/", "/tunedModels/"];

impl Endpoint {
    /// Its paths without a query, as a regular expression of RE2 that takes the whole of exactly those which
    /// [`Self::recognise`] takes. Each endpoint has its own, as Envoy takes small ones only.
    pub fn pattern(self) -> String {
        match self.place() {
            Place::Path(path) => {
                let versions = VERSIONS.map(|versions| format!("({})?", versions.join("|")));
                format!("{}{path}/?", versions.concat())
            }
            Place::Method(method) => format!("[^?]*({})[^?]+:{method}/?", FOLDERS.join("|")),
        }
    }
}

/// A path without its query, its versions and a slash at its end.
pub(super) fn unversioned(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let path = path.strip_suffix('/').unwrap_or(path);
    VERSIONS.into_iter().fold(path, |path, versions| {
        let mut rests = versions.iter().filter_map(|version| path.strip_prefix(version));
        rests.find(|rest| rest.starts_with('/')).unwrap_or(path)
    })
}

/// The model in `…/models/MODEL:METHOD`.
pub(super) fn model_of<'a>(path: &'a str, method: &str) -> Option<&'a str> {
    let path = path.strip_suffix(method)?.strip_suffix(':')?;
    let behind = |folder| path.split_once(folder).map(|(_, model)| model);
    FOLDERS
        .into_iter()
        .filter_map(behind)
        .find(|model| !model.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use proptest::sample::select;
    use regex::Regex;

    use super::super::Recognised;
    use super::*;

    static PATTERNS: LazyLock<[(Endpoint, Regex); Endpoint::ALL.len()]> = LazyLock::new(|| {
        Endpoint::ALL.map(|endpoint| {
            let whole = format!(r"\A(?:{})\z", endpoint.pattern());
            (endpoint, Regex::new(&whole).expect("an expression"))
        })
    });

    /// Whose pattern takes a path, of which Envoy leaves out the query.
    fn described(path: &str) -> Vec<Endpoint> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let taken = PATTERNS.iter().filter(|(_, pattern)| pattern.is_match(path));
        taken.map(|(endpoint, _)| *endpoint).collect()
    }

    /// Whose path it is.
    fn recognised(path: &str) -> Vec<Endpoint> {
        let asked_rightly = |endpoint: &Endpoint| {
            Endpoint::recognise(&endpoint.method(), path) == Recognised::Endpoint(*endpoint)
        };
        Endpoint::ALL.into_iter().filter(asked_rightly).collect()
    }

    /// Where it is below its version.
    fn places() -> [String; Endpoint::ALL.len()] {
        Endpoint::ALL.map(|endpoint| match endpoint.place() {
            Place::Path(path) => path.to_owned(),
            Place::Method(method) => format!("/models/m:{method}"),
        })
    }

    #[test]
    fn both_take_every_endpoint_with_every_version() {
        let versions = "|/v1|/v1/v1|/v1beta|/v1alpha|/v1beta1|/v1/v1/v1beta";
        for (endpoint, place) in Endpoint::ALL.into_iter().zip(places()) {
            assert_eq!(recognised(&endpoint.path("a/b")), [endpoint]);
            for version in versions.split('|') {
                for end in ["", "/", "?a=/b", "/?a"] {
                    let path = format!("{version}{place}{end}");
                    assert_eq!(recognised(&path), [endpoint], "{path}");
                    assert_eq!(described(&path), [endpoint], "{path}");
                }
            }
        }
    }

    #[test]
    fn neither_takes_what_is_near_an_endpoint() {
        let near: [fn(&str) -> String; 7] = [
            |place| place.replacen('/', "", 1),
            |place| place.replacen('e', "", 1),
            |place| place.to_uppercase(),
            |place| format!("{place}s"),
            |place| format!("{place}//"),
            |place| format!("{place}/more"),
            |place| format!("/other?path={place}"),
        ];
        for place in places() {
            for path in near.map(|near| near(&place)) {
                assert_foreign(&path);
            }
        }
        let versions = "/|/v|/v2|/v10|/v1/v1/v1|/v1beta2|/v1beta/v1|/v1beta/v1alpha|/openai";
        for place in places().iter().filter(|place| !place.contains(':')) {
            for version in versions.split('|') {
                assert_foreign(&format!("{version}{place}"));
            }
        }
        for path in [
            "",
            "/",
            "*",
            "/v1",
            "/v1/models/m",
            "/v1beta/models/m:countTokens",
            "/v1beta/models/:generateContent",
            "/v1beta/models/mgenerateContent",
            "/v1beta/m:generateContent",
            "/v1beta/moremodels/m:generateContent",
        ] {
            assert_foreign(path);
        }
    }

    fn assert_foreign(path: &str) {
        assert_eq!(recognised(path), [], "{path}");
        assert_eq!(described(path), [], "{path}");
    }

    proptest! {
        #[test]
        fn both_take_the_same(
            before in prop::collection::vec(select(before()), 0..5),
            place in select(Endpoint::ALL.to_vec()),
            behind in select(vec!["", "", "/", "//", "?", "?/", "m", ":"]),
        ) {
            let (Place::Path(place) | Place::Method(place)) = place.place();
            let path = format!("{}{place}{behind}", before.concat());
            prop_assert_eq!(recognised(&path), described(&path), "{}", path);
        }
    }

    /// The words that stand before an endpoint, and some that may not.
    fn before() -> Vec<&'static str> {
        let words = VERSIONS.concat().into_iter().chain(FOLDERS);
        words.chain([":", "m", "m:", "/", "/v2", "?", "\u{fc}"]).collect()
    }
}
