//! Values as Google's servers take them: names in two spellings, one object for a list of one, numbers in quotes.

use serde_json::value::RawValue;

use crate::intake::{BadRequest, Kind, Object, Path, items};

/// An object, its names in camel case.
pub(crate) fn object<'a, 'p>(raw: &'a RawValue, path: &'p Path<'p>) -> Result<Object<'a, 'p>, BadRequest> {
    Object::read(raw, path).map(Object::in_camel_case)
}

/// The items of a list, or the value itself where it is none.
pub(crate) fn one_or_more<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Vec<&'a RawValue>, BadRequest> {
    if Kind::of(raw) == Kind::List {
        items(raw, path)
    } else {
        Ok(vec![raw])
    }
}

/// A whole number, maybe in quotes or with a point.
pub(crate) fn whole(members: &mut Object<'_, '_>, name: &str) -> Result<Option<i64>, BadRequest> {
    let Some(raw) = members.raw(name) else {
        return Ok(None);
    };
    let digits = raw.get().trim_matches('"');
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    match digits.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(members.wrong(name, raw, "a whole number")),
    }
}

/// The same, from 0.
pub(super) fn count(members: &mut Object<'_, '_>, name: &str) -> Result<Option<u64>, BadRequest> {
    Ok(whole(members, name)?.and_then(|number| u64::try_from(number).ok()))
}

/// A word of an enumeration, in capitals, or its number.
pub(super) fn word(members: &mut Object<'_, '_>, name: &str) -> Result<Option<String>, BadRequest> {
    let Some(raw) = members.raw(name) else {
        return Ok(None);
    };
    match Kind::of(raw) {
        Kind::Text | Kind::Number => Ok(Some(raw.get().trim_matches('"').to_ascii_uppercase())),
        Kind::Null | Kind::Bool | Kind::List | Kind::Object => Err(members.wrong(name, raw, "a word")),
    }
}
