//! Ids of calls. Gemini's have mostly none, and its results name the function.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The calls so far.
#[derive(Default)]
pub(super) struct Calls<'a> {
    count: usize,
    /// Those without a result of their name alone, by name.
    open: BTreeMap<Cow<'a, str>, VecDeque<Cow<'a, str>>>,
    /// Those with a result that names them.
    answered: BTreeSet<Cow<'a, str>>,
}

impl<'a> Calls<'a> {
    /// The id of the next call.
    pub(super) fn call(&mut self, name: &Cow<'a, str>, id: Option<Cow<'a, str>>) -> Cow<'a, str> {
        self.count += 1;
        let id = id.unwrap_or_else(|| Cow::Owned(format!("call_{}", self.count)));
        self.open.entry(name.clone()).or_default().push_back(id.clone());
        id
    }

    /// The id of the call that a result answers: the first of its name that has none.
    pub(super) fn result(&mut self, name: &str, id: Option<Cow<'a, str>>) -> Cow<'a, str> {
        if let Some(id) = id {
            self.answered.insert(id.clone());
            return id;
        }
        let mut next = || self.open.get_mut(name)?.pop_front();
        while let Some(id) = next() {
            if !self.answered.contains(&id) {
                return id;
            }
        }
        // It answers nothing; the provider is to say so.
        Cow::Owned(format!("call_of_{name}"))
    }
}
