//! What a provider says it charged, out of its own exports.
//!
//! Each provider has a file of its own that names where the format is described. Objects of JSON are flattened, e.g.
//! `{"amount": {"value": 1}}` to `amount_value`, which is how the CSV of the same figures names its columns: one reader
//! does for both. Unknown columns are ignored; an unreadable number and a currency other than USD are errors, as a sum
//! without them would be wrong.

mod amount;
mod anthropic;
mod cells;
mod gemini;
mod openai;
mod openrouter;

use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use crate::money::Ticks;
use crate::usage::ServiceTier;

/// Whose invoice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Costs and usage of an organization.
    OpenAI,
    /// Cost and usage reports.
    Anthropic,
    /// Activity.
    OpenRouter,
    /// Cloud Billing.
    Gemini,
}

/// A text that names no [`Provider`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use openai, anthropic, openrouter or gemini")]
pub struct BadProvider;

/// A line of an invoice. Figures that the export does not have are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The day in UTC, or the first of several.
    pub day: Date,
    /// The last day; `day` where there is only one.
    pub last: Date,
    /// The model as the provider writes it; `None`: all models, or a charge that belongs to none.
    pub model: Option<String>,
    /// All input tokens.
    pub input: Option<u64>,
    /// Those read from the provider's cache.
    pub cached: Option<u64>,
    /// Those written to it.
    pub written: Option<u64>,
    /// Output tokens, with reasoning.
    pub output: Option<u64>,
    /// Requests.
    pub requests: Option<u64>,
    /// What is to be paid, after credits.
    pub ticks: Option<Ticks>,
    /// The credits in it, below 0.
    pub credits: Ticks,
    /// The tier, where it is told and not the standard one.
    pub tier: Option<ServiceTier>,
}

/// An invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoice {
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
    /// Rows about something else, which are left out.
    pub ignored: usize,
    /// Whether a page says that there are more, and none follows it.
    pub cut: bool,
}

/// Why an invoice cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// Neither JSON nor text with columns.
    #[error("it is not JSON (it begins with a bracket, so it should be): {0}")]
    Json(String),
    /// No CSV.
    #[error("it cannot be read as CSV: {0}")]
    Csv(String),
    /// Not an export of this provider.
    #[error("it has no rows of this provider's exports: wanted are rows with {wanted}")]
    Foreign {
        /// The members, one set of which a row must have.
        wanted: &'static str,
    },
    /// Another currency.
    #[error("row {row} is in {currency}, and the ledger in USD: export the invoice in USD")]
    Currency {
        /// The row, from 1.
        row: usize,
        /// What it says.
        currency: String,
    },
    /// No number.
    #[error("row {row}: {column} is {text:?}, which is no {wanted}")]
    Value {
        /// The row, from 1.
        row: usize,
        /// The column.
        column: &'static str,
        /// What it says.
        text: String,
        /// What should stand there.
        wanted: &'static str,
    },
}

/// Reads an export, JSON or CSV by its first character.
///
/// # Errors
/// When it is unreadable, of another provider, or in another currency than USD.
pub fn read(provider: Provider, bytes: &[u8]) -> Result<Invoice, InvoiceError> {
    let table = cells::Table::read(bytes, provider.marks())?;
    let mut invoice = Invoice {
        cut: table.cut,
        ..Invoice::default()
    };
    let mut known = false;
    for (row, cells) in table.rows.iter().enumerate() {
        let row = cells::Row::new(row + 1, cells);
        match provider.line(&row)? {
            Read::Line(line) => {
                known = true;
                invoice.lines.push(*line);
            }
            Read::Nothing => known = true,
            Read::Ignored => {
                known = true;
                invoice.ignored += 1;
            }
            Read::Foreign => {}
        }
    }
    let empty_page = table.json && table.rows.is_empty();
    if !known && !empty_page {
        return Err(InvoiceError::Foreign {
            wanted: provider.wanted(),
        });
    }
    Ok(invoice)
}

/// What a row is.
enum Read {
    /// A line.
    Line(Box<InvoiceLine>),
    /// A day on which nothing was.
    Nothing,
    /// About something else.
    Ignored,
    /// Not of this provider's exports.
    Foreign,
}

impl Read {
    fn line(line: InvoiceLine) -> Self {
        Self::Line(Box::new(line))
    }
}

impl Provider {
    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAI => "openai",
            Self::Anthropic => "anthropic",
            Self::OpenRouter => "openrouter",
            Self::Gemini => "gemini",
        }
    }

    /// Its name in the price book.
    pub const fn prices(self) -> &'static str {
        match self {
            Self::OpenAI => "openai",
            Self::Anthropic => "anthropic",
            Self::OpenRouter => "openrouter",
            Self::Gemini => "google",
        }
    }

    /// Columns of which the heading of a CSV has at least one.
    const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::OpenAI => openai::MARKS,
            Self::Anthropic => anthropic::MARKS,
            Self::OpenRouter => openrouter::MARKS,
            Self::Gemini => gemini::MARKS,
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::OpenAI => openai::WANTED,
            Self::Anthropic => anthropic::WANTED,
            Self::OpenRouter => openrouter::WANTED,
            Self::Gemini => gemini::WANTED,
        }
    }

    fn line(self, row: &cells::Row<'_>) -> Result<Read, InvoiceError> {
        match self {
            Self::OpenAI => openai::line(row),
            Self::Anthropic => anthropic::line(row),
            Self::OpenRouter => openrouter::line(row),
            Self::Gemini => gemini::line(row),
        }
    }
}

impl FromStr for Provider {
    type Err = BadProvider;

    fn from_str(text: &str) -> Result<Self, BadProvider> {
        [Self::OpenAI, Self::Anthropic, Self::OpenRouter, Self::Gemini]
            .into_iter()
            .find(|provider| provider.as_str() == text)
            .ok_or(BadProvider)
    }
}

impl InvoiceLine {
    /// A line without figures.
    pub fn of(day: Date, model: Option<String>) -> Self {
        Self {
            day,
            last: day,
            model,
            input: None,
            cached: None,
            written: None,
            output: None,
            requests: None,
            ticks: None,
            credits: Ticks::ZERO,
            tier: None,
        }
    }
}

#[cfg(test)]
mod tests;
