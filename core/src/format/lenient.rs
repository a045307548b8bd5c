//! JSON members as providers really send them: absent, null or of another type is "not told", never an error.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A text. Numbers become their digits; anything else is the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A count. Whole floats are taken; anything else, and what is negative, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

impl Count {
    pub(crate) fn or_zero(self) -> u64 {
        self.0.unwrap_or(0)
    }
}

/// A list; anything else is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A text or a list of parts; anything else is neither.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum TextOrList<'a, T> {
    #[default]
    Neither,
    Text(Cow<'a, str>),
    List(Vec<T>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor::<IgnoredAny>(PhantomData))
            .map(|any| match any {
                Any::Text(text) => Self(text),
                Any::Count(count) => Self(Cow::Owned(count.to_string())),
                Any::Nothing | Any::List(_) => Self::default(),
            })
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor::<IgnoredAny>(PhantomData))
            .map(|any| match any {
                Any::Count(count) => Self(Some(count)),
                Any::Nothing | Any::Text(_) | Any::List(_) => Self(None),
            })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor::<T>(PhantomData))
            .map(|any| match any {
                Any::List(list) => Self(list),
                Any::Nothing | Any::Text(_) | Any::Count(_) => Self::default(),
            })
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for TextOrList<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(AnyVisitor::<T>(PhantomData))
            .map(|any| match any {
                Any::Text(text) => Self::Text(text),
                Any::List(list) => Self::List(list),
                Any::Nothing | Any::Count(_) => Self::Neither,
            })
    }
}

enum Any<'a, T> {
    Nothing,
    Text(Cow<'a, str>),
    Count(u64),
    List(Vec<T>),
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = Any<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Any::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Any::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, count: u64) -> Result<Self::Value, E> {
        Ok(Any::Count(count))
    }

    fn visit_i64<E>(self, count: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(count).map_or(Any::Nothing, Any::Count))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "range checked before"
    )]
    fn visit_f64<E>(self, count: f64) -> Result<Self::Value, E> {
        Ok(if (0.0..9.0e15).contains(&count) {
            Any::Count(count as u64)
        } else {
            Any::Nothing
        })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Any::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Any::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Any::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Any::Nothing)
    }
}

/// Parses a JSON document, if need be after [`without_lone_surrogates`]. Also gives the bytes that the result borrows
/// from: offsets in them are offsets in `data`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(
    data: &'a [u8],
    repaired: &'a mut Vec<u8>,
) -> Result<(T, &'a [u8]), serde_json::Error> {
    match serde_json::from_slice(data) {
        Err(_) if without_lone_surrogates(data, repaired) => {
            Ok((serde_json::from_slice(repaired)?, repaired))
        }
        parsed => Ok((parsed?, data)),
    }
}

/// A member that holds JSON text (a tool call's arguments): the text of a string, or the JSON itself where a provider
/// sends an object. Null is empty.
pub(crate) fn json_text(raw: &RawValue) -> Cow<'_, str> {
    let raw = raw.get();
    if raw == "null" {
        return Cow::Borrowed("");
    }
    if !raw.starts_with('"') {
        return Cow::Borrowed(raw);
    }
    if let Ok(text) = serde_json::from_str::<Text<'_>>(raw) {
        return text.0;
    }
    let mut repaired = Vec::new();
    let text = parse::<Text<'_>>(raw.as_bytes(), &mut repaired).map(|(text, _)| text.0.into_owned());
    Cow::Owned(text.unwrap_or_default())
}

/// Copies `data` into `repaired` with every escaped surrogate that has no partner replaced by U+FFFD: some providers
/// cut an emoji between two chunks, which no JSON reader takes. All offsets stay. False: there are none.
fn without_lone_surrogates(data: &[u8], repaired: &mut Vec<u8>) -> bool {
    let unit = |at: usize| -> Option<u16> {
        let digits = data.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(found) = data.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                lone.push(at);
                at += 6;
            }
            (Some(_), _) => at += 6,
            (None, _) => at += 2,
        }
    }
    repaired.clear();
    repaired.extend_from_slice(data);
    for at in &lone {
        if let Some(escape) = repaired.get_mut(*at..at + 6) {
            escape.copy_from_slice(b"\\ufffd");
        }
    }
    !lone.is_empty()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Sample<'a> {
        #[serde(borrow)]
        text: Text<'a>,
        count: Count,
        #[serde(borrow)]
        parts: TextOrList<'a, Text<'a>>,
        list: List<Count>,
    }

    fn sample(json: &str) -> Sample<'_> {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn takes_what_fits_and_ignores_what_does_not() {
        let seen = sample(r#"{"text":"a","count":3.0,"parts":["x"],"list":[1]}"#);
        assert!(matches!(seen.text.0, Cow::Borrowed("a")));
        assert_eq!(seen.count, Count(Some(3)));
        assert_eq!(seen.parts, TextOrList::List(vec![Text(Cow::Borrowed("x"))]));
        assert_eq!(seen.list, List(vec![Count(Some(1))]));
        for odd in ["null", "{\"a\":[1]}", "true", "-1.5"] {
            let json = format!(r#"{{"text":{odd},"count":{odd},"parts":{odd},"list":{odd}}}"#);
            assert_eq!(sample(&json), Sample::default(), "{odd}");
        }
        assert_eq!(sample(r#"{"text":429}"#).text.as_str(), "429");
    }

    #[test]
    fn repairs_only_surrogates_without_a_partner() {
        let mut repaired = Vec::new();
        let json = br#""\ud83d\ude00 \ud83d \\ud83d \ude00""#;
        let (text, _): (Text<'_>, _) = parse(json, &mut repaired).expect("repaired");
        assert_eq!(text.as_str(), "\u{1F600} \u{FFFD} \\ud83d \u{FFFD}");
        let mut repaired = Vec::new();
        assert!(
            parse::<Text<'_>>(b"\"\\q\"", &mut repaired).is_err(),
            "other faults stay"
        );
    }
}
