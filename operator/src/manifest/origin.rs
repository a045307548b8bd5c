//! Where an object stands, and where its fields do.

use std::fmt;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, Span};
use serde::{Serialize, Serializer};

use super::document::Document;
use super::error::{Fault, ManifestError, Note};
use crate::field::{FieldPath, Segment};
use crate::object::ObjectRef;

/// Where an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    document: Arc<Document>,
    /// The path of the object in its document: empty but in a list.
    base: FieldPath,
}

/// A place in a file, printed as `FILE:LINE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
}

impl Origin {
    pub(super) fn new(document: Arc<Document>, base: FieldPath) -> Self {
        Self { document, base }
    }

    /// The file in which the object stands.
    pub fn file(&self) -> &Arc<str> {
        &self.document.file
    }

    /// The first line of the object.
    pub fn place(&self) -> Place {
        self.locate(&FieldPath::default()).0
    }

    /// The line and column of a field; of one that does not exist, those of the nearest that contains it.
    pub fn locate(&self, field: &FieldPath) -> (Place, Option<usize>) {
        let file = Arc::clone(&self.document.file);
        match locate(&self.document.text, &self.base.join(field)) {
            Some((line, column)) => (
                Place {
                    file,
                    line: self.document.line + line - 1,
                },
                Some(column),
            ),
            None => (
                Place {
                    file,
                    line: self.document.first_line(),
                },
                None,
            ),
        }
    }

    pub(super) fn error(&self, object: Option<&ObjectRef>, fault: Fault) -> ManifestError {
        let (Place { file, line }, column) = self.locate(&fault.field);
        let field = (!fault.field.is_empty()).then_some(fault.field);
        ManifestError {
            file,
            line,
            column,
            object: object.cloned(),
            field,
            message: fault.message,
        }
    }

    pub(super) fn note(&self, message: String) -> Note {
        let Place { file, line } = self.place();
        Note { file, line, message }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value of a document and where it begins: for a member of a mapping, at its key.
struct Node {
    at: Marker,
    members: Vec<(Segment, Node)>,
}

/// Line and column, both from 1, of the deepest part of `path` that exists in a text. `None` for what is not YAML.
pub fn locate(text: &str, path: &FieldPath) -> Option<(usize, usize)> {
    let mut parser = Parser::new_from_str(text);
    let root = loop {
        if !matches!(
            parser.peek()?.ok()?.0,
            Event::StreamStart | Event::DocumentStart(_)
        ) {
            break node(&mut parser, None)?;
        }
        next(&mut parser)?;
    };
    let mut found = &root;
    for segment in path.segments() {
        match found.members.iter().find(|(name, _)| name == segment) {
            Some((_, inner)) => found = inner,
            None => break,
        }
    }
    Some((found.at.line(), found.at.col() + 1))
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

/// The next value with all that it holds; `None` where there is none.
fn node(events: &mut Events<'_>, key: Option<Marker>) -> Option<Node> {
    let (event, Span { start, .. }) = next(events)?;
    let members = match event {
        Event::MappingStart(..) => mapping(events)?,
        Event::SequenceStart(..) => sequence(events)?,
        Event::Scalar(..) | Event::Alias(_) => Vec::new(),
        Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::MappingEnd
        | Event::SequenceEnd
        | Event::Nothing => return None,
    };
    Some(Node {
        at: key.unwrap_or(start),
        members,
    })
}

fn mapping(events: &mut Events<'_>) -> Option<Vec<(Segment, Node)>> {
    let mut members = Vec::new();
    loop {
        let (event, Span { start, .. }) = next(events)?;
        match event {
            Event::MappingEnd => return Some(members),
            Event::Scalar(name, ..) => {
                let inner = node(events, Some(start))?;
                members.push((Segment::Key(name.into_owned().into()), inner));
            }
            // A key that is no text names no field.
            Event::Alias(_) => drop(node(events, None)?),
            Event::MappingStart(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => return None,
        }
    }
}

fn sequence(events: &mut Events<'_>) -> Option<Vec<(Segment, Node)>> {
    let mut entries = Vec::new();
    loop {
        if let Some(Ok((Event::SequenceEnd, _))) = events.peek() {
            next(events)?;
            return Some(entries);
        }
        let entry = node(events, None)?;
        entries.push((Segment::Index(entries.len()), entry));
    }
}

fn next<'a>(events: &mut Events<'a>) -> Option<(Event<'a>, Span)> {
    events.next_event()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(index: usize) -> FieldPath {
        FieldPath::spec().key("rules").index(index)
    }

    const BLOCK: &str = "\
---
# a comment
kind: LLMRoute
spec:
  models:
  - chat
  - 'other'
  rules:
    - when: |
        a ==
        b
      steps:
      - race:
          targets:
          - {providerKey: a, model: m}
          - providerKey: b
            model: \"n\"
    - steps: [{targets: [{providerKey: c,
         model: o}]}]
";

    #[test]
    fn finds_fields_in_block_style() {
        for (path, line) in [
            (FieldPath::default(), 3),
            (FieldPath::default().key("kind"), 3),
            (FieldPath::spec(), 4),
            (FieldPath::spec().key("models").index(1), 7),
            (rule(0), 9),
            (rule(0).key("when"), 9),
            (
                rule(0)
                    .key("steps")
                    .index(0)
                    .key("race")
                    .key("targets")
                    .index(1)
                    .key("model"),
                17,
            ),
        ] {
            assert_eq!(locate(BLOCK, &path).map(|(line, _)| line), Some(line), "{path}");
        }
    }

    #[test]
    fn finds_fields_in_flow_style_and_json() {
        let target = rule(1).key("steps").index(0).key("targets").index(0);
        assert_eq!(locate(BLOCK, &target.key("providerKey")), Some((18, 27)));
        assert_eq!(locate(BLOCK, &target.key("model")), Some((19, 10)));
        let json = "{\r\n\t\"spec\": {\r\n\t\t\"models\": [\"a\",\r\n\t\t\"b\"]\r\n\t}\r\n}";
        assert_eq!(
            locate(json, &FieldPath::spec().key("models").index(1)).map(|at| at.0),
            Some(4)
        );
    }

    #[test]
    fn falls_back_to_what_contains_a_missing_field() {
        assert_eq!(
            locate(BLOCK, &rule(1).key("timeouts").key("total")).map(|(line, _)| line),
            Some(18)
        );
        assert_eq!(locate(BLOCK, &rule(7)).map(|(line, _)| line), Some(8));
        assert_eq!(
            locate("a: &x {b: 1}\nc: *x\n", &FieldPath::default().key("c").key("b")),
            Some((2, 1))
        );
        assert_eq!(locate("", &FieldPath::spec()), None);
        assert_eq!(locate("a: [", &FieldPath::spec()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-a-c:\\[\\]{},&*|>?#'\" \n\t]{0,60}") {
            let _ = locate(&text, &rule(0));
        }
    }
}
