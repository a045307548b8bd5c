//! Google's dialect of schemas in the words of JSON Schema: types in small letters, `nullable` as a type, numbers
//! without quotes. The order of members stays, as models go by it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::values::{object, one_or_more};
use crate::intake::{BadRequest, Kind, Object, Path, camel_case, span};

/// As deep as schemas are read.
const DEEPEST: usize = 64;

/// A request whose schemas are plain ones.
pub(crate) fn plain(body: &str) -> Result<Cow<'_, str>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?.in_camel_case();
    let mut schemas = Vec::new();
    if let Some(tools) = members.raw("tools") {
        let list = members.member("tools");
        for (index, tool) in one_or_more(tools, &list)?.into_iter().enumerate() {
            declared(tool, &list.item(index), &mut schemas)?;
        }
    }
    let path = members.member("generationConfig");
    if let Some(raw) = members.raw("generationConfig") {
        schemas.extend(object(raw, &path)?.raw("responseSchema"));
    }
    let mut edits: Vec<(Range<usize>, String)> = schemas
        .into_iter()
        .map(|schema| (span(body, schema), plain_schema(schema)))
        .collect();
    if edits.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    edits.sort_by_key(|(at, _)| at.start);
    let (mut text, mut done) = (String::with_capacity(body.len()), 0);
    for (at, schema) in edits {
        text.push_str(body.get(done..at.start).unwrap_or_default());
        text.push_str(&schema);
        done = at.end;
    }
    text.push_str(body.get(done..).unwrap_or_default());
    Ok(Cow::Owned(text))
}

fn declared<'a>(
    tool: &'a RawValue,
    path: &Path<'_>,
    schemas: &mut Vec<&'a RawValue>,
) -> Result<(), BadRequest> {
    let list = path.member("functionDeclarations");
    let declarations = object(tool, path)?.raw("functionDeclarations");
    let declarations = declarations.map(|raw| one_or_more(raw, &list)).transpose()?;
    for (index, raw) in declarations.unwrap_or_default().into_iter().enumerate() {
        schemas.extend(object(raw, &list.item(index))?.raw("parameters"));
    }
    Ok(())
}

/// One schema. The body that it is of is not nested deeper than the stack allows.
pub(crate) fn plain_schema(schema: &RawValue) -> String {
    let mut out = String::with_capacity(schema.get().len());
    write(schema, 0, &mut out);
    out
}

/// Each level reads what is in it anew, so what is deeper than any schema in use stays as it is.
fn write(raw: &RawValue, depth: usize, out: &mut String) {
    let members = (depth < DEEPEST).then(|| serde_json::from_str::<Ordered<'_>>(raw.get()));
    let Some(Ok(Ordered(members))) = members else {
        return out.push_str(raw.get());
    };
    let nullable = members
        .iter()
        .any(|(name, raw)| name == "nullable" && raw.get() == "true");
    let mut separate = Separate::begin('{', out);
    for (name, raw) in &members {
        let name = match camel_case(name).as_str() {
            "nullable" | "propertyOrdering" => continue,
            "format" if raw.get() == "\"enum\"" => continue,
            "type" if kind(raw).is_none() => continue,
            "ref" => String::from("$ref"),
            "defs" => String::from("$defs"),
            camel => camel.to_owned(),
        };
        separate.next(out);
        out.push_str(&serde_json::Value::from(name.as_str()).to_string());
        out.push(':');
        value((&name, raw), nullable, depth + 1, out);
    }
    out.push('}');
}

fn value((name, raw): (&str, &RawValue), nullable: bool, depth: usize, out: &mut String) {
    match name {
        "type" => match kind(raw) {
            Some(kind) if nullable && Kind::of(raw) != Kind::List => {
                out.extend(["[", &kind, ",\"null\"]"]);
            }
            kind => out.push_str(&kind.unwrap_or_default()),
        },
        "properties" | "$defs" | "definitions" | "patternProperties" => named(raw, depth, out),
        "items" | "additionalProperties" | "not" => write(raw, depth, out),
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
            let null = (nullable && name == "anyOf").then_some("{\"type\":\"null\"}");
            list(raw, |raw, out| write(raw, depth, out), null, out);
        }
        "enum" => list(
            raw,
            |raw, out| out.push_str(raw.get()),
            nullable.then_some("null"),
            out,
        ),
        "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
            out.push_str(raw.get().trim_matches('"'));
        }
        _ => out.push_str(raw.get()),
    }
}

/// A `type` as JSON. `None`: it tells none.
fn kind(raw: &RawValue) -> Option<String> {
    let word = match raw.get().trim_matches('"') {
        "TYPE_UNSPECIFIED" | "0" | "null" => return None,
        "1" => "string",
        "2" => "number",
        "3" => "integer",
        "4" => "boolean",
        "5" => "array",
        "6" => "object",
        "7" => "null",
        _ if Kind::of(raw) != Kind::Text => return Some(raw.get().to_owned()),
        word => &word.to_ascii_lowercase(),
    };
    Some(format!("\"{word}\""))
}

/// Schemas by names that are nobody's to change.
fn named(raw: &RawValue, depth: usize, out: &mut String) {
    let Ok(Ordered(members)) = serde_json::from_str::<Ordered<'_>>(raw.get()) else {
        return out.push_str(raw.get());
    };
    let mut separate = Separate::begin('{', out);
    for (name, raw) in &members {
        separate.next(out);
        out.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        out.push(':');
        write(raw, depth, out);
    }
    out.push('}');
}

fn list(raw: &RawValue, item: impl Fn(&RawValue, &mut String), more: Option<&str>, out: &mut String) {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        return out.push_str(raw.get());
    };
    let mut separate = Separate::begin('[', out);
    for raw in &items {
        separate.next(out);
        item(raw, out);
    }
    if let Some(more) = more.filter(|more| items.iter().all(|raw| raw.get() != *more)) {
        separate.next(out);
        out.push_str(more);
    }
    out.push(']');
}

/// Puts commas between.
struct Separate(bool);

impl Separate {
    fn begin(bracket: char, out: &mut String) -> Self {
        out.push(bracket);
        Self(false)
    }

    fn next(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.0, true) {
            out.push(',');
        }
    }
}

/// An object's members, in order.
struct Ordered<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Ordered<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrderedVisitor;
        impl<'de> Visitor<'de> for OrderedVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<crate::format::lenient::Text<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(OrderedVisitor).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_in_the_words_of_all() {
        let body = r#"{"tools": [{"function_declarations": [{"name": "f", "parameters": {"type": "OBJECT",
            "properties": {"z_a": {"type": 1, "nullable": true, "enum": ["x"], "format": "enum"},
            "any_of": {"any_of": [{"type": "STRING"}], "nullable": true}, "l": {"type": "ARRAY", "min_items": "2",
            "items": {"type": "TYPE_UNSPECIFIED"}}}, "propertyOrdering": ["z_a"], "required": ["z_a"]}}]}],
            "x": 1, "generationConfig": {"responseSchema": {"type": "string"}}}"#;
        let expected = r#"{"tools": [{"function_declarations": [{"name": "f", "parameters": {"type":"object",
            "properties":{"z_a":{"type":["string","null"],"enum":["x",null]},
            "any_of":{"anyOf":[{"type":"string"},{"type":"null"}]},"l":{"type":"array","minItems":2,
            "items":{}}},"required":["z_a"]}}]}],
            "x": 1, "generationConfig": {"responseSchema": {"type":"string"}}}"#;
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect(text);
        let seen = plain(body).expect("a body");
        assert_eq!(parsed(&seen), parsed(expected));
        let order = ["z_a", "any_of", "\"l\""].map(|name| seen.find(name));
        assert!(order.is_sorted(), "{seen}");
    }
}
