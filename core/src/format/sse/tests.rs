use proptest::prelude::*;

use super::*;

fn split(chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Option<Bytes>) {
    let mut splitter = Splitter::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        let chunk = Bytes::copy_from_slice(chunk);
        let mut at = 0;
        while let Some(piece) = splitter.next(&chunk, &mut at).expect("short") {
            frames.push(match piece {
                Piece::InChunk(range) => chunk[range].to_vec(),
                Piece::Joined(frame) => frame.to_vec(),
            });
        }
    }
    (frames, splitter.finish())
}

const STREAM: &[u8] = b"\xEF\xBB\xBFdata: a\n\n: note\n\nevent: x\r\ndata: b\r\ndata:c\r\n\r\n\n\rdata: d\r\rid: 1\ndata\n\ntail";

#[test]
fn splits_at_every_kind_of_line_end() {
    let (frames, rest) = split(&[STREAM]);
    let expected: [&[u8]; 7] = [
        b"\xEF\xBB\xBFdata: a\n\n",
        b": note\n\n",
        b"event: x\r\ndata: b\r\ndata:c\r\n\r\n",
        b"\n",
        b"\r",
        b"data: d\r\r",
        b"id: 1\ndata\n\n",
    ];
    assert_eq!(frames, expected);
    assert_eq!(rest.as_deref(), Some(&b"tail"[..]));
}

#[test]
fn reads_fields() {
    let plain = Message::read(b"\xEF\xBB\xBFdata: a\n\n", true);
    assert!(matches!(plain.data, Some(Cow::Borrowed(b"a"))));
    let several = Message::read(b"event: x\r\ndata: b\r\ndata:c\r\n\r\n", false);
    assert_eq!(
        (several.event, several.data.as_deref()),
        (&b"x"[..], Some(&b"b\nc"[..]))
    );
    let comment = Message::read(b": OPENROUTER PROCESSING\n\n", false);
    assert_eq!(comment, Message::default());
    assert_eq!(Message::read(b"data\n\n", false).data.as_deref(), Some(&b""[..]));
    assert!(Message::read(b"<html>\n\n", false).foreign);
}

#[test]
fn refuses_a_frame_without_end() {
    let mut splitter = Splitter::default();
    let chunk = Bytes::from(vec![b'x'; MAX_FRAME / 2 + 1]);
    assert_eq!(splitter.next(&chunk, &mut 0), Ok(None));
    assert_eq!(splitter.next(&chunk, &mut 0), Err(TooLong));
}

#[test]
fn one_chunk_is_never_copied() {
    let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
    let mut at = 0;
    let mut splitter = Splitter::default();
    assert_eq!(splitter.next(&chunk, &mut at), Ok(Some(Piece::InChunk(0..9))));
    assert_eq!(splitter.next(&chunk, &mut at), Ok(Some(Piece::InChunk(9..18))));
    assert_eq!(splitter.next(&chunk, &mut at), Ok(None));
}

#[test]
fn every_cut_gives_the_same_frames() {
    let whole = split(&[STREAM]);
    let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
    assert_eq!(split(&bytes), whole);
    for cut in 0..STREAM.len() {
        let (left, right) = STREAM.split_at(cut);
        assert_eq!(split(&[left, right]), whole, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn any_cut_of_any_stream_gives_the_same_frames(
        stream in "[a:\\r\\n ]{0,40}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|w| &stream.as_bytes()[w[0]..w[1]]).collect();
        let whole = split(&[stream.as_bytes()]);
        prop_assert_eq!(split(&pieces), whole.clone());
        let mut joined = whole.0.concat();
        joined.extend_from_slice(whole.1.as_deref().unwrap_or_default());
        prop_assert_eq!(joined, stream.into_bytes());
    }
}
