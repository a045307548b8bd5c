//! Which call a piece of a tool call belongs to.
//!
//! OpenAI numbers its calls. Others leave the number out (Gemini, Mistral unstreamed), give all calls the number 0 with
//! different ids (Gemini), repeat id and name in every piece (OpenRouter), or send no id at all.

use crate::format::scan::JsonScan;

/// The most calls in one choice. More is no answer.
const MAX_CALLS: usize = 256;

/// The calls of one choice, in order of appearance.
#[derive(Debug, Default)]
pub(super) struct ToolSlots {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    index: Option<u64>,
    id: String,
    scan: JsonScan,
}

/// What a piece says of its call; empty is not told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
}

/// Where a piece goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It begins this call.
    New(usize),
    /// It goes on with this call.
    Known(usize),
    /// It names no call that began.
    Nowhere,
    /// It would begin one call too many.
    TooMany,
}

impl ToolSlots {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The place of a piece of a stream.
    pub(super) fn place(&mut self, piece: Piece<'_>) -> Place {
        match self.known(piece) {
            Some(slot) if !self.begins_another(slot, piece) => Place::Known(slot),
            _ if piece.name.is_empty() => Place::Nowhere,
            _ => self.begin(piece),
        }
    }

    /// Begins a call.
    pub(super) fn begin(&mut self, piece: Piece<'_>) -> Place {
        let slot = self.calls.len();
        if slot == MAX_CALLS {
            return Place::TooMany;
        }
        self.calls.push(Call {
            index: piece.index,
            id: piece.id.to_owned(),
            scan: JsonScan::default(),
        });
        Place::New(slot)
    }

    /// Takes note of a piece of arguments. False: it is to be left out, as it says that there are none (Groq's `null`),
    /// or repeats what was whole already.
    pub(super) fn arguments(&mut self, slot: usize, json: &str) -> bool {
        let Some(call) = self.calls.get_mut(slot) else {
            return false;
        };
        if json.is_empty() || call.scan.whole() || json == "null" && !call.scan.begun() {
            return false;
        }
        call.scan.push(json);
        true
    }

    /// The latest call that the piece can belong to.
    fn known(&self, piece: Piece<'_>) -> Option<usize> {
        let by_id = || self.calls.iter().rposition(|call| call.id == piece.id);
        match piece.index {
            Some(_) => self.calls.iter().rposition(|call| call.index == piece.index),
            None if !piece.id.is_empty() => by_id(),
            None => self.calls.len().checked_sub(1),
        }
    }

    /// Whether a piece that could go on with a call begins another one.
    fn begins_another(&self, slot: usize, piece: Piece<'_>) -> bool {
        let Some(call) = self.calls.get(slot) else {
            return true;
        };
        if piece.name.is_empty() {
            return false;
        }
        if !piece.id.is_empty() && !call.id.is_empty() {
            return piece.id != call.id;
        }
        piece.id.is_empty() && call.id.is_empty() && (piece.index.is_none() || call.scan.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pieces: &[(Option<u64>, &str, &str, &str)]) -> Vec<Place> {
        let mut slots = ToolSlots::default();
        let mut place = |&(index, id, name, json): &(Option<u64>, &str, &str, &str)| {
            let place = slots.place(Piece { index, id, name });
            if let Place::New(slot) | Place::Known(slot) = place {
                slots.arguments(slot, json);
            }
            place
        };
        pieces.iter().map(&mut place).collect()
    }

    #[test]
    fn numbered_calls_interleave() {
        let seen = places(&[
            (Some(0), "a", "f", ""),
            (Some(1), "b", "g", ""),
            (Some(0), "", "", "{"),
            (Some(1), "", "", "{"),
        ]);
        assert_eq!(
            seen,
            [Place::New(0), Place::New(1), Place::Known(0), Place::Known(1)]
        );
    }

    #[test]
    fn other_ids_under_one_number_are_other_calls() {
        let seen = places(&[
            (Some(0), "a", "f", "{}"),
            (Some(0), "b", "f", "{}"),
            (Some(0), "b", "f", "{}"),
        ]);
        assert_eq!(seen, [Place::New(0), Place::New(1), Place::Known(1)]);
    }

    #[test]
    fn whole_calls_without_ids_or_numbers_are_told_apart() {
        let seen = places(&[(Some(0), "", "f", "{}"), (Some(0), "", "g", "{}")]);
        assert_eq!(seen, [Place::New(0), Place::New(1)]);
        let seen = places(&[(None, "", "f", "{}"), (None, "", "g", "{"), (None, "", "", "}")]);
        assert_eq!(seen, [Place::New(0), Place::New(1), Place::Known(1)]);
        let seen = places(&[(None, "a", "f", ""), (None, "b", "g", ""), (None, "a", "", "{}")]);
        assert_eq!(seen, [Place::New(0), Place::New(1), Place::Known(0)]);
    }

    #[test]
    fn a_repeated_id_and_name_go_on() {
        let seen = places(&[(Some(0), "0", "f", ""), (Some(0), "0", "f", "{}")]);
        assert_eq!(seen, [Place::New(0), Place::Known(0)]);
        assert_eq!(places(&[(Some(0), "", "", "{}")]), [Place::Nowhere]);
    }
}
