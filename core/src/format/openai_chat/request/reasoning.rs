//! Reasoning of an earlier answer as clients send it back: its text, and `reasoning_details` or Google's
//! `extra_content`, which prove it.

use std::borrow::Cow;

use super::super::google;
use crate::chat::proof::{Origin, Proof};
use crate::chat::{Content, Dropped, Part};
use crate::intake::{BadRequest, Object, Path};

/// The reasoning of one message.
#[derive(Default)]
pub(super) struct Earlier<'a> {
    /// What stands before the answer.
    pub(super) parts: Vec<Part<'a>>,
    /// Google's signatures, which are of what follows.
    follows: Vec<Follow<'a>>,
}

struct Follow<'a> {
    /// The call, where it is known (OpenRouter).
    call: Option<Cow<'a, str>>,
    proof: Proof<'a>,
}

/// One of `reasoning_details`.
struct Detail<'a> {
    index: Option<u64>,
    id: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    signature: Option<Proof<'a>>,
    encrypted: Option<Proof<'a>>,
}

/// Reads the reasoning of a message.
pub(super) fn read<'a>(
    message: &mut Object<'a, '_>,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Earlier<'a>, BadRequest> {
    let plain = filled(message.text("reasoning_content")?);
    // Some tell it under both names.
    let other = filled(message.text("reasoning")?);
    let list = path.member("reasoning_details");
    let mut details = Vec::new();
    for (index, raw) in message
        .list("reasoning_details")?
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        let path = list.item(index);
        let next = detail(&mut Object::read(raw, &path)?)?;
        match details.last_mut() {
            Some(last) if goes_on(last, &next) => join(last, next),
            Some(_) | None => details.push(next),
        }
    }
    attach(plain.or(other), &mut details, dropped);
    let mut earlier = Earlier::default();
    for detail in details {
        earlier.add(detail);
    }
    if let Some(signature) = google(message)? {
        earlier.forget(&signature);
        earlier.follows.push(Follow {
            call: None,
            proof: Proof::new(Origin::Google, signature),
        });
    }
    Ok(earlier)
}

fn detail<'a>(detail: &mut Object<'a, '_>) -> Result<Detail<'a>, BadRequest> {
    let format = detail.text("format")?;
    let origin = format.as_deref().and_then(Origin::of_detail);
    let origin = origin.unwrap_or(Origin::Unknown);
    let text = filled(detail.text("text")?);
    Ok(Detail {
        index: detail.count("index").unwrap_or_default(),
        id: filled(detail.text("id")?),
        text: text.or(filled(detail.text("summary")?)),
        signature: filled(detail.text("signature")?).map(|data| Proof::new(origin, data)),
        encrypted: filled(detail.text("data")?).map(|data| Proof::new(origin, data)),
    })
}

/// Whether a detail is a piece of the one before it: some clients keep those of streams as they came.
fn goes_on(last: &Detail<'_>, next: &Detail<'_>) -> bool {
    let same = last.index.is_some() && last.index == next.index;
    same && last.signature.is_none() && last.encrypted.is_none() && next.encrypted.is_none()
}

fn join<'a>(last: &mut Detail<'a>, next: Detail<'a>) {
    match (&mut last.text, next.text) {
        (Some(text), Some(more)) => text.to_mut().push_str(&more),
        (None, more) => last.text = more,
        (Some(_), None) => {}
    }
    last.signature = next.signature;
}

/// Details that hold text hold all that is proved: the plain text is the same again. Those of streams hold none: a
/// single signature is of the plain text. Of several nobody knows where one ends and the next begins.
fn attach<'a>(plain: Option<Cow<'a, str>>, details: &mut Vec<Detail<'a>>, dropped: &mut Dropped) {
    if details.iter().any(|detail| detail.text.is_some()) {
        return;
    }
    let Some(plain) = plain else { return };
    let signs = |detail: &&mut Detail<'_>| {
        let signature = detail.signature.as_ref();
        signature.is_some_and(|proof| proof.origin != Origin::Google)
    };
    let mut signed: Vec<_> = details.iter_mut().filter(signs).collect();
    if let [one] = signed.as_mut_slice() {
        one.text = Some(plain);
        return;
    }
    for detail in signed {
        detail.signature = None;
        dropped.note("reasoning of earlier turns");
    }
    let unproved = Detail {
        index: None,
        id: None,
        text: Some(plain),
        signature: None,
        encrypted: None,
    };
    details.insert(0, unproved);
}

impl<'a> Earlier<'a> {
    fn add(&mut self, detail: Detail<'a>) {
        let Detail {
            id,
            text,
            signature,
            encrypted,
            ..
        } = detail;
        // Gemini has no encrypted reasoning: OpenRouter tells its signatures so.
        let of_google = |proof: &Proof<'_>| proof.origin == Origin::Google;
        let (signed, signature): (Option<_>, _) = match signature {
            Some(proof) if of_google(&proof) => (Some(proof), None),
            other => (None, other),
        };
        let (sealed, encrypted): (Option<_>, _) = match encrypted {
            Some(proof) if of_google(&proof) => (Some(proof), None),
            other => (None, other),
        };
        if text.is_some() || signature.is_some() {
            self.parts.push(Part::plain(Content::Reasoning {
                text: text.unwrap_or_default(),
                proof: signature,
            }));
        }
        let encrypted = encrypted.map(Content::RedactedReasoning);
        self.parts.extend(encrypted.map(Part::plain));
        self.follows
            .extend(signed.into_iter().chain(sealed).map(|proof| Follow {
                call: id.clone(),
                proof,
            }));
    }

    /// The signature of a call: what the call itself carries, or else what names it, or the first that names none.
    pub(super) fn of_call(
        &mut self,
        id: &str,
        call: &mut Object<'a, '_>,
    ) -> Result<Option<Part<'a>>, BadRequest> {
        if let Some(signature) = google(call)? {
            self.forget(&signature);
            return Ok(Some(part(Proof::new(Origin::Google, signature))));
        }
        let named = self
            .follows
            .iter()
            .position(|follow| follow.call.as_deref() == Some(id));
        let free = || self.follows.iter().position(|follow| follow.call.is_none());
        let found = named.or_else(free).map(|at| self.follows.remove(at));
        Ok(found.map(|follow| part(follow.proof)))
    }

    /// Those of the text, where there is no call.
    pub(super) fn rest(self) -> impl Iterator<Item = Part<'a>> {
        self.follows.into_iter().map(|follow| part(follow.proof))
    }

    /// Clients are told some signatures twice.
    fn forget(&mut self, signature: &str) {
        self.follows.retain(|follow| follow.proof.data != signature);
    }
}

fn part(proof: Proof<'_>) -> Part<'_> {
    Part::plain(Content::Reasoning {
        text: Cow::Borrowed(""),
        proof: Some(proof),
    })
}

/// Google's signature on a call or a message.
fn google<'a>(owner: &mut Object<'a, '_>) -> Result<Option<Cow<'a, str>>, BadRequest> {
    let extra = owner.raw("extra_content");
    let alone = filled(owner.text("thought_signature")?);
    Ok(extra.and_then(google::signature).or(alone))
}

fn filled(text: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    text.filter(|text| !text.is_empty())
}
