//! The books of an answer that cost nothing.

use std::sync::Arc;

use http::StatusCode;
use tokio::time::Instant;
use wayleave_core::cache::Provenance;
use wayleave_core::money::{Ticks, Usd};
use wayleave_core::outcome::Class;
use wayleave_core::price::CostSource;
use wayleave_core::walk::Role;

use crate::call::Summary;
use crate::context::{CallContext, CallEnd, millis};
use crate::ledger::record::AttemptRecord;

/// The record of an answer that cost nothing.
#[derive(Debug)]
pub(super) struct Paid {
    call: Arc<CallContext>,
    role: Role,
    number: u32,
    started: Instant,
    similarity: Option<f64>,
}

impl Paid {
    pub(super) fn begin(call: &Arc<CallContext>, role: Role) -> Self {
        Self {
            call: Arc::clone(call),
            role,
            number: call.begin_attempt(),
            started: Instant::now(),
            similarity: None,
        }
    }

    /// Of an answer to a request that is not equal, but similar.
    pub(super) fn at(self, similarity: Option<f64>) -> Self {
        Self { similarity, ..self }
    }

    /// Nothing came of it, and the call goes on: it is no part of the books.
    pub(super) fn abandon(self) {
        self.call.forget_attempt();
    }

    /// Books it and the call.
    pub(super) fn end(&mut self, from: &Provenance, class: Class, reason: Option<&str>) -> Box<Summary> {
        let call = &self.call;
        let saved = (class == Class::Ok).then_some(from.cost).flatten();
        call.settle(AttemptRecord {
            id: AttemptRecord::id(&call.id, self.number),
            call: call.id.clone(),
            attempt: self.number,
            lane: 0,
            role: self.role,
            route: call.route_name(),
            rule: call.rule(),
            client: call.client_name.clone(),
            task_class: call.task().map(|task| Arc::clone(&task.class)),
            provider: from.provider.clone(),
            key: None,
            model_asked: from.model.clone(),
            model_served: from.served.clone(),
            status: None,
            class,
            reason: reason.map(str::to_owned),
            started: call.core.clock.date(self.started),
            first_content_ms: None,
            duration_ms: millis(self.started.elapsed()),
            usage: None,
            estimated: false,
            tier: None,
            cost_ticks: Some(Ticks::ZERO),
            cost_usd: Some(Usd(Ticks::ZERO)),
            expected_ticks: None,
            cost_source: CostSource::Cache,
            price_version: None,
            saved_ticks: saved,
            saved_usd: saved.map(Usd),
            similarity: self.similarity,
            answered: Some(from.call.clone()),
        });
        call.end(CallEnd {
            status: Some(StatusCode::OK.as_u16()),
            class,
            provider: Some(from.provider.clone()),
            model_served: from.served.clone().or_else(|| Some(from.model.clone())),
            first_content: Some(call.started.elapsed()),
        });
        Box::new(Summary {
            provider: Some(from.provider.clone()),
            model: from.served.clone(),
            ..call.summary(class)
        })
    }
}
