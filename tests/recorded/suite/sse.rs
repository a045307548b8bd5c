//! Event streams, as the standard has them.

/// One event of a stream.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// The events of a whole stream. What follows the last blank line is dropped, as browsers and SDKs do.
pub(super) fn events(bytes: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes);
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), Vec::new());
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            if !data.is_empty() {
                let data = std::mem::take(&mut data).join("\n");
                events.push(Event {
                    name: name.clone(),
                    data,
                });
            }
            name.clear();
        } else if let Some(value) = field(line, "data") {
            data.push(value.to_owned());
        } else if let Some(value) = field(line, "event") {
            value.clone_into(&mut name);
        }
    }
    events
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?.strip_prefix(':')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// The bytes of each event with all its lines and the blank line behind it; at the end what has none.
pub(super) fn frames(bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            frames.push(&bytes[start..at]);
            start = at;
        }
    }
    if start < bytes.len() {
        frames.push(&bytes[start..]);
    }
    frames
}

#[test]
fn a_stream_is_read_with_either_line_end() {
    let stream = b": hello\n\nevent: x\r\ndata: a\r\ndata:b\r\n\r\ndata: c\n\ndata: lost";
    let seen = events(stream);
    let expected = [("x", "a\nb"), ("", "c")].map(|(name, data)| Event {
        name: name.into(),
        data: data.into(),
    });
    assert_eq!(seen, expected);
    let frames = frames(stream);
    assert_eq!((frames.len(), frames.concat()), (4, stream.to_vec()));
}
