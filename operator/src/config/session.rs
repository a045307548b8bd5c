//! What one data plane has, and what it is sent next.

use std::collections::{BTreeMap, VecDeque};

use wayleave_core::resource::ResourceName;

use super::bundle::{Bundle, Rank, Version, Versioned};

/// A message is not much larger than this: gRPC refuses 4 MiB by default.
const MESSAGE_BYTES: usize = 1 << 20;
/// Messages without an answer, beyond which changes wait and are sent together.
const MOST_UNANSWERED: usize = 64;

/// The state of one connection. Pure: messages and answers in, messages and news out.
#[derive(Debug)]
pub struct Session {
    /// What the data plane has been sent, or said that it has.
    has: BTreeMap<ResourceName, Version>,
    unanswered: VecDeque<Sent>,
    next: u64,
    greeted: bool,
}

/// What a message was about.
#[derive(Debug)]
struct Sent {
    nonce: u64,
    resources: Vec<(ResourceName, Version)>,
    removed: Vec<ResourceName>,
    complete: bool,
}

/// One message to a data plane.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Names the message; the answer repeats it.
    pub nonce: u64,
    /// New and changed resources.
    pub resources: Vec<(ResourceName, Versioned)>,
    /// Resources that are gone.
    pub removed: Vec<ResourceName>,
    /// Whether the data plane has everything with this message.
    pub complete: bool,
}

/// An answer of a data plane.
#[derive(Debug)]
pub enum Answer {
    /// All of the message is in force.
    Taken,
    /// These resources were not taken; all others of the message are in force.
    Rejected(BTreeMap<ResourceName, String>),
    /// Nothing of the message was taken.
    AllRejected(String),
}

/// What an answer tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Versions that are in force now.
    pub taken: Vec<(ResourceName, Version)>,
    /// Versions that were not taken, and why.
    pub rejected: Vec<(ResourceName, Version, String)>,
    /// Resources that are gone.
    pub removed: Vec<ResourceName>,
    /// Whether the data plane has answered for everything that there is.
    pub complete: bool,
}

/// An answer to no message of this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer names a message that was not sent, or was answered already")]
pub struct UnknownNonce;

impl Session {
    /// Of a data plane that says what it has.
    pub fn new(has: BTreeMap<ResourceName, Version>) -> Self {
        Self {
            has,
            unanswered: VecDeque::new(),
            next: 1,
            greeted: false,
        }
    }

    /// The messages that bring the data plane to `bundle`. The first time there is one even if nothing is to be told:
    /// it says that everything is there. None while too much is unanswered; to be asked again after an answer.
    pub fn update(&mut self, bundle: &Bundle) -> Vec<Message> {
        if self.unanswered.len() >= MOST_UNANSWERED {
            return Vec::new();
        }
        let removed: Vec<ResourceName> = (self.has.keys())
            .filter(|name| bundle.get(name).is_none())
            .cloned()
            .collect();
        let changed: Vec<_> = bundle
            .iter()
            .filter(|(name, resource)| self.lacks(name, resource))
            .collect();
        if changed.is_empty() && removed.is_empty() && self.greeted {
            return Vec::new();
        }
        self.greeted = true;
        let mut messages = self.divide(&changed);
        match messages.last_mut() {
            Some(last) => {
                last.removed = removed;
                last.complete = true;
            }
            None => messages.push(self.message(Vec::new(), removed, true)),
        }
        for message in &messages {
            self.note(message);
        }
        messages
    }

    /// Takes an answer.
    pub fn answer(&mut self, nonce: u64, answer: Answer) -> Result<News, UnknownNonce> {
        let position = self.unanswered.iter().position(|sent| sent.nonce == nonce);
        let sent = position
            .and_then(|position| self.unanswered.remove(position))
            .ok_or(UnknownNonce)?;
        let mut news = News {
            complete: sent.complete,
            ..News::default()
        };
        match answer {
            Answer::Taken => {
                news.taken = sent.resources;
                news.removed = sent.removed;
            }
            Answer::Rejected(mut reasons) => {
                for (name, version) in sent.resources {
                    match reasons.remove(&name) {
                        Some(reason) => news.rejected.push((name, version, reason)),
                        None => news.taken.push((name, version)),
                    }
                }
                news.removed = sent.removed;
            }
            Answer::AllRejected(reason) => {
                let rejected = sent.resources.into_iter();
                news.rejected = rejected
                    .map(|(name, version)| (name, version, reason.clone()))
                    .collect();
            }
        }
        Ok(news)
    }

    fn lacks(&self, name: &ResourceName, resource: &Versioned) -> bool {
        match (self.has.get(name), resource.rank) {
            (None, _) => true,
            (Some(version), Rank::Replaces) => *version != resource.version,
            (Some(version), Rank::StandsIn) => version.stands_in() && *version != resource.version,
        }
    }

    fn divide(&mut self, changed: &[(&ResourceName, &Versioned)]) -> Vec<Message> {
        let mut messages = Vec::new();
        let (mut some, mut bytes) = (Vec::new(), 0);
        for (name, resource) in changed {
            if bytes > 0 && bytes + resource.bytes.len() > MESSAGE_BYTES {
                messages.push(self.message(std::mem::take(&mut some), Vec::new(), false));
                bytes = 0;
            }
            bytes += resource.bytes.len();
            some.push(((*name).clone(), (*resource).clone()));
        }
        if !some.is_empty() {
            messages.push(self.message(some, Vec::new(), false));
        }
        messages
    }

    fn message(
        &mut self,
        resources: Vec<(ResourceName, Versioned)>,
        removed: Vec<ResourceName>,
        complete: bool,
    ) -> Message {
        let nonce = self.next;
        self.next += 1;
        Message {
            nonce,
            resources,
            removed,
            complete,
        }
    }

    fn note(&mut self, message: &Message) {
        for (name, resource) in &message.resources {
            self.has.insert(name.clone(), resource.version.clone());
        }
        for name in &message.removed {
            self.has.remove(name);
        }
        let versions = message.resources.iter();
        self.unanswered.push_back(Sent {
            nonce: message.nonce,
            resources: versions
                .map(|(name, resource)| (name.clone(), resource.version.clone()))
                .collect(),
            removed: message.removed.clone(),
            complete: message.complete,
        });
    }
}

#[cfg(test)]
mod tests;
