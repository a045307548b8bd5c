//! The documents of a file.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::error::ManifestError;

/// One document of a file.
#[derive(PartialEq, Eq)]
pub(super) struct Document {
    /// Name of the file.
    pub(super) file: Arc<str>,
    /// Line of the file, from 1, in which `text` begins.
    pub(super) line: usize,
    /// The document, with the `---` before it.
    pub(super) text: String,
}

/// Splits a text where a line begins with `---`, as kubectl does. No YAML text can have such a line inside, and a
/// mistake in one document leaves the others readable.
pub(super) fn split(file: &Arc<str>, text: &str) -> Vec<Document> {
    let mut documents = vec![Document {
        file: Arc::clone(file),
        line: 1,
        text: String::new(),
    }];
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let separates = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        if separates {
            documents.push(Document {
                file: Arc::clone(file),
                line: index + 1,
                text: String::new(),
            });
        }
        if let Some(document) = documents.last_mut() {
            document.text.push_str(line);
        }
    }
    documents
}

impl Document {
    /// Its value; `None` if nothing stands in it. Members that are `null` are left out: they say nothing.
    pub(super) fn parse(&self) -> Result<Option<Value>, Box<ManifestError>> {
        // By way of YAML's own value: it refuses a key that stands twice.
        let parsed = serde_yaml::from_str(&self.text).and_then(|mut value: serde_yaml::Value| {
            value.apply_merge()?;
            serde_json::to_value(&value).map_err(serde::ser::Error::custom)
        });
        match parsed {
            Ok(Value::Null) => Ok(None),
            Ok(mut value) => {
                drop_nulls(&mut value);
                Ok(Some(value))
            }
            Err(error) => Err(Box::new(self.syntax_error(&error))),
        }
    }

    /// The line of the file, from 1, of the first line with content.
    pub(super) fn first_line(&self) -> usize {
        let empty = |line: &str| {
            let line = line.strip_prefix("---").unwrap_or(line).trim();
            line.is_empty() || line.starts_with('#')
        };
        self.line + self.text.lines().take_while(|line| empty(line)).count()
    }

    fn syntax_error(&self, error: &serde_yaml::Error) -> ManifestError {
        let place = error.location();
        let last = self.line + self.text.lines().count().saturating_sub(1);
        let text = error.to_string();
        // The place is told apart, and in lines of the file.
        let message = text.split(" at line ").next().unwrap_or(&text);
        ManifestError {
            file: Arc::clone(&self.file),
            line: place.as_ref().map_or_else(
                || self.first_line(),
                |place| (self.line + place.line().saturating_sub(1)).min(last),
            ),
            column: place.map(|place| place.column()),
            object: None,
            field: None,
            message: format!("this document cannot be read: {message}"),
        }
    }
}

/// Without the text: it may hold credentials.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("file", &self.file)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(entries) => entries.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn documents(text: &str) -> Vec<Document> {
        split(&Arc::from("a.yaml"), text)
    }

    #[test]
    fn splits_at_separators_and_keeps_lines() {
        let found = documents("# head\n---\na: 1\n--- # second\n\nb: |\n  --- inside\n---\n");
        let parsed: Vec<_> = found
            .iter()
            .map(|document| (document.first_line(), document.parse().expect("reads")))
            .collect();
        assert_eq!(parsed[1], (3, Some(json!({"a": 1}))));
        assert_eq!(parsed[2], (6, Some(json!({"b": "--- inside\n"}))));
        assert_eq!((&parsed[0].1, &parsed[3].1, parsed.len()), (&None, &None, 4));
    }

    #[test]
    fn reads_json_with_tabs_and_windows_lines() {
        let found = documents("{\r\n\t\"a\": [1,\r\n\t\tnull],\r\n\t\"b\": null\r\n}\r\n");
        assert_eq!(found[0].parse().expect("reads"), Some(json!({"a": [1, null]})));
    }

    #[test]
    fn tells_the_line_of_the_file_where_it_cannot_read() {
        let found = documents("a: 1\n---\nb:\n  c: [1\n");
        found[0].parse().expect("the first is in order");
        let error = found[1].parse().expect_err("the second is not");
        assert!(error.line >= 4, "{error}");
        assert!(!error.to_string().contains("at line"), "{error}");
        let twice = documents("---\na: 1\na: 2\n")[1]
            .parse()
            .expect_err("a key stands twice");
        assert!(twice.to_string().contains("duplicate"), "{twice}");
    }
}
