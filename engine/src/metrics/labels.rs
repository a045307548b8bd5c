//! The label sets. Names come from the configuration, everything else from closed sets.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use wayleave_core::outcome::Class;
use wayleave_core::price::CostSource;
use wayleave_core::usage::Usage;
use wayleave_core::walk::Role;

use super::LaneEnd;

/// A name from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Label(pub(crate) Arc<str>);

impl EncodeLabelValue for Label {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

macro_rules! text_label {
    ($name:ident, $of:ty, $text:expr) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) struct $name(pub(super) $of);

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
                let text: fn($of) -> &'static str = $text;
                text(self.0).encode(encoder)
            }
        }
    };
}

text_label!(ClassLabel, Class, Class::as_str);
text_label!(RoleLabel, Role, Role::as_str);
text_label!(SourceLabel, CostSource, |source| match source {
    CostSource::ProviderBilled => "provider_billed",
    CostSource::Table => "table",
    CostSource::Estimate => "estimate",
    CostSource::Cache => "cache",
    CostSource::None => "none",
});
text_label!(LaneResult, LaneEnd, |end| match end {
    LaneEnd::Won => "won",
    LaneEnd::Lost => "lost",
    LaneEnd::Failed => "failed",
});

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CallLabels {
    pub(super) route: Label,
    pub(super) operation: &'static str,
    pub(super) class: ClassLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StreamLabels {
    pub(super) route: Label,
    pub(super) operation: &'static str,
    pub(super) stream: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) provider: Label,
    pub(super) model: Label,
    pub(super) role: RoleLabel,
    pub(super) class: ClassLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LaneLabels {
    pub(super) route: Label,
    pub(super) result: LaneResult,
}

/// A provider key and a model of it, both by the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ModelLabels {
    pub(crate) provider: Label,
    pub(crate) model: Label,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TokenLabels {
    pub(super) provider: Label,
    pub(super) model: Label,
    pub(super) kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CostLabels {
    pub(super) provider: Label,
    pub(super) model: Label,
    pub(super) role: RoleLabel,
    pub(super) source: SourceLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CallCostLabels {
    pub(super) route: Label,
    pub(super) role: RoleLabel,
}

/// The disjoint kinds of tokens that are counted; reasoning is told apart from the rest of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the derive prints variants as they stand")]
pub(super) enum TokenKind {
    input,
    cache_read,
    cache_write_5m,
    cache_write_1h,
    output,
    reasoning,
}

impl TokenKind {
    pub(super) fn counts(usage: &Usage) -> [(Self, u64); 6] {
        [
            (Self::input, usage.input),
            (Self::cache_read, usage.cache_read),
            (Self::cache_write_5m, usage.cache_write_5m),
            (Self::cache_write_1h, usage.cache_write_1h),
            (Self::output, usage.output.saturating_sub(usage.reasoning)),
            (Self::reasoning, usage.reasoning),
        ]
    }
}

/// OpenTelemetry's names, with points as underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct GenAiLabels {
    pub(super) gen_ai_operation_name: &'static str,
    pub(super) gen_ai_provider_name: &'static str,
    pub(super) gen_ai_request_model: Label,
    pub(super) error_type: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "the names of the convention")]
pub(super) struct GenAiTokenLabels {
    pub(super) gen_ai_operation_name: &'static str,
    pub(super) gen_ai_provider_name: &'static str,
    pub(super) gen_ai_request_model: Label,
    pub(super) gen_ai_token_type: TokenType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TokenType {
    Input,
    Output,
}

impl EncodeLabelValue for TokenType {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
        .encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FeedbackLabels {
    pub(super) counted: bool,
}
