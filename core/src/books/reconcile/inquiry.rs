//! What a difference is made of: one cause after the other takes its part.

use std::collections::BTreeSet;

use crate::money::Ticks;
use crate::usage::ServiceTier;

use super::super::spend::dollars;
use super::beyond::Beyond;
use super::billed::Billed;
use super::cause::{Cause, Facts, Kind, far};
use super::fit::kinds;
use super::{ROUNDING, shift};

/// The likely causes, in the order in which they are sure. What none of them comes to is the last one's.
pub(super) fn explain(facts: &Facts<'_>, steady: bool) -> Vec<Cause> {
    if facts.agrees(facts.plain) {
        return Vec::new();
    }
    let mut inquiry = Inquiry {
        facts,
        rest: facts.difference(facts.plain),
        causes: Vec::new(),
        guessed: false,
    };
    if let Some(cause) = shift::moved(facts) {
        inquiry.take(cause);
    }
    match facts.billed {
        Some(billed) if !facts.belongs => inquiry.no_model(billed),
        Some(billed) => inquiry.compare(billed, steady),
        None => inquiry.not_on_invoice(),
    }
    inquiry.causes
}

/// A difference of which causes take their parts.
struct Inquiry<'a> {
    facts: &'a Facts<'a>,
    /// What is left of the difference; `None`: there is no money on the invoice.
    rest: Option<i64>,
    causes: Vec<Cause>,
    /// Whether an amount is an average only.
    guessed: bool,
}

impl Inquiry<'_> {
    fn take(&mut self, cause: Cause) {
        self.rest = self
            .rest
            .map(|rest| rest.saturating_sub(cause.amount_ticks.get()));
        self.causes.push(cause);
    }

    fn add(&mut self, kind: Kind, amount: i64, evidence: String) {
        self.take(Cause::new(kind, amount, evidence));
    }

    /// What is left, if it is worth a cause.
    fn left(&self) -> Option<i64> {
        let billed = self
            .facts
            .billed
            .and_then(|billed| billed.ticks)
            .unwrap_or_default()
            .get();
        let ledger = self.facts.moved.ticks.get();
        self.rest.filter(|rest| {
            rest.saturating_abs() > ROUNDING && far(*rest, billed, ledger, self.facts.tolerance)
        })
    }

    fn no_model(&mut self, billed: &Billed) {
        let amount = billed.ticks.unwrap_or_default().get();
        self.add(
            Kind::NoModel,
            amount,
            "the invoice names no model: searches, storage, sessions".to_owned(),
        );
    }

    fn not_on_invoice(&mut self) {
        if let Some(rest) = self.left() {
            let requests = self.facts.moved.requests;
            let said = format!(
                "{requests} requests of the ledger, and nothing on the invoice: another key's, or another account's?"
            );
            self.add(Kind::NotOnInvoice, rest, said);
        }
    }

    fn compare(&mut self, billed: &Billed, steady: bool) {
        if billed.credits != Ticks::ZERO {
            let amount = billed.credits.get();
            self.add(
                Kind::Credits,
                amount,
                "the provider took it off; the ledger knows prices only".to_owned(),
            );
        }
        self.unpriced(billed);
        let told = Beyond::of(self.facts, billed);
        match told {
            Some(mut beyond) => {
                self.cancelled(&mut beyond);
                let other = self.requests(&beyond);
                if !other {
                    self.cached(billed, &beyond);
                }
                self.tier(billed);
                self.prices(billed);
            }
            None => self.without_tokens(billed, steady),
        }
        if let Some(rest) = self.left() {
            let advice = match told {
                Some(_) => "nothing that is known fits",
                None => "the invoice has no tokens to tell by: give the export of usage as well",
            };
            self.add(Kind::Unexplained, rest, advice.to_owned());
        }
    }

    /// Attempts without a price are worth what the invoice has for as many tokens.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a likely amount"
    )]
    fn unpriced(&mut self, billed: &Billed) {
        let part = self.facts.moved.unpriced;
        let Some(rest) = self.rest.filter(|_| part.requests > 0) else {
            return;
        };
        let paid = billed
            .ticks
            .unwrap_or_default()
            .get()
            .saturating_sub(billed.credits.get());
        let amount = match (self.facts.prices, billed.tokens()) {
            (Some(prices), _) => prices.of(&kinds(&part.tokens)),
            (None, Some((input, output))) => {
                let all = input.saturating_add(output).max(1) as f64;
                (paid as f64 * (part.tokens.total() as f64 / all).min(1.0)).round() as i64
            }
            (None, None) => rest,
        };
        let said = format!(
            "attempts without a price in the ledger: {}, with {} tokens",
            part.requests,
            part.tokens.total()
        );
        self.add(Kind::Unpriced, amount, said);
    }

    /// What tokens are worth; with nothing to go by, all that is left.
    fn worth(&mut self, tokens: &[f64; 4]) -> i64 {
        let Some(prices) = self.facts.prices else {
            return self.rest.unwrap_or_default();
        };
        self.guessed |= !prices.sound;
        prices.of(tokens)
    }

    /// A loser of a race is estimated where the provider never told. It may have stopped earlier, or run on.
    fn cancelled(&mut self, beyond: &mut Beyond) {
        let part = self.facts.moved.cancelled;
        if part.requests == 0 {
            return;
        }
        let estimated = format!(
            "cancelled attempts, whose usage is an estimate: {}, at {}",
            part.requests,
            dollars(part.ticks)
        );
        if beyond.is_less() {
            let mut tokens = [0.0; 4];
            for ((token, beyond), most) in tokens.iter_mut().zip(&mut beyond.kinds).zip(kinds(&part.tokens)) {
                *token = beyond.clamp(-most, 0.0);
                *beyond -= *token;
            }
            let amount = self.worth(&tokens);
            self.add(
                Kind::Cancelled,
                amount,
                format!("{estimated}; the invoice has fewer tokens"),
            );
        } else if beyond.ran_on() {
            let [.., output] = beyond.kinds;
            beyond.kinds = [0.0; 4];
            let amount = self.worth(&[0.0, 0.0, 0.0, output]);
            self.add(
                Kind::Cancelled,
                amount,
                format!("{estimated}; the invoice has {output} output tokens more, so they ran on"),
            );
        }
    }

    /// Requests that only one side has. Whether there are any.
    fn requests(&mut self, beyond: &Beyond) -> bool {
        if beyond.is_near() {
            return false;
        }
        let [.., output] = beyond.kinds;
        let input = beyond.input();
        let amount = self.worth(&beyond.kinds);
        let requests = beyond.requests.map_or_else(String::new, |requests| {
            format!("{} requests, ", requests.saturating_abs())
        });
        let tokens = format!(
            "{requests}{} input and {} output tokens",
            input.abs(),
            output.abs()
        );
        let (kind, said) = if amount > 0 {
            (
                Kind::NotThroughGateway,
                format!("the invoice has {tokens} that the ledger does not have"),
            )
        } else {
            (
                Kind::NotOnInvoice,
                format!("the ledger has {tokens} that the invoice does not have"),
            )
        };
        self.add(kind, amount, said);
        true
    }

    fn cached(&mut self, billed: &Billed, beyond: &Beyond) {
        let [plain, cached, written, _] = beyond.kinds;
        let [near, _] = beyond.near;
        let (Some(read), true) = (billed.cached, cached.abs() > near) else {
            return;
        };
        let all = billed.input.unwrap_or_default();
        let known = self.facts.prices.is_some_and(|prices| prices.knows_cached);
        let amount = if known {
            self.worth(&[plain, cached, written, 0.0])
        } else {
            self.rest.unwrap_or_default()
        };
        let said = format!(
            "of the same {all} input tokens {read} are cached on the invoice, and {} in the ledger",
            self.facts.moved.tokens.cached
        );
        self.add(Kind::CachedSplit, amount, said);
    }

    fn tier(&mut self, billed: &Billed) {
        let here: BTreeSet<ServiceTier> = billed
            .tiers
            .iter()
            .copied()
            .filter(|tier| *tier != ServiceTier::Standard)
            .collect();
        let there: BTreeSet<ServiceTier> = self.facts.moved.tiers.keys().copied().collect();
        // Without a word about tiers on the invoice, nothing follows from those in the ledger.
        if here.is_empty() || here == there {
            return;
        }
        if let Some(rest) = self.left() {
            let said = format!(
                "the invoice has {}, and the ledger {}",
                tiers(&here),
                tiers(&there)
            );
            self.add(Kind::ServiceTier, rest, said);
        }
    }

    /// The same tokens at another price.
    fn prices(&mut self, billed: &Billed) {
        let Some(rest) = self.left().filter(|_| !self.guessed) else {
            return;
        };
        let paid = billed
            .ticks
            .unwrap_or_default()
            .get()
            .saturating_sub(billed.credits.get());
        if let Some(ratio) = ratio(paid, paid.saturating_sub(rest)) {
            let said = format!(
                "the same tokens cost {ratio} times as much: should priceMultiplier of the provider key be {ratio} times \
                 what it is, or is the price book out of date?"
            );
            self.add(Kind::PricesDiffer, rest, said);
        }
    }

    /// Money alone tells little.
    fn without_tokens(&mut self, billed: &Billed, steady: bool) {
        let Some(rest) = self.left() else { return };
        let (paid, entry) = (billed.ticks.unwrap_or_default().get(), self.facts.moved);
        if entry.requests == 0 {
            self.add(
                Kind::NotThroughGateway,
                rest,
                "the ledger has no request of this model on this day".to_owned(),
            );
        } else if rest < 0 && !far(rest, entry.cancelled.ticks.get(), 0, 1.0) {
            let part = entry.cancelled;
            let said = format!(
                "cancelled attempts, whose usage is an estimate: {}, at {}",
                part.requests,
                dollars(part.ticks)
            );
            self.add(Kind::Cancelled, rest, said);
        } else if let Some(ratio) = ratio(paid, paid.saturating_sub(rest)).filter(|_| steady) {
            let said = format!(
                "the invoice is {ratio} times the ledger on every day: should priceMultiplier of the provider key be {ratio} times what it is?"
            );
            self.add(Kind::PricesDiffer, rest, said);
        } else {
            self.tier(billed);
        }
    }
}

/// To two decimals; `None`: there is nothing to compare with.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(paid: i64, expected: i64) -> Option<String> {
    (expected > 0 && paid > 0).then(|| {
        let text = format!("{:.3}", paid as f64 / expected as f64);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    })
}

fn tiers(tiers: &BTreeSet<ServiceTier>) -> String {
    let name = |tier: &ServiceTier| match tier {
        ServiceTier::Standard => "standard",
        ServiceTier::Flex => "flex",
        ServiceTier::Priority => "priority",
        ServiceTier::Batch => "batch",
    };
    let names: Vec<&str> = tiers.iter().map(name).collect();
    if names.is_empty() {
        "the standard tier only".to_owned()
    } else {
        format!("the tier {}", names.join(" and "))
    }
}
