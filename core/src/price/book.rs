//! The built-in list prices.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::file::{FORMAT, ModelRow, PeriodRow, PriceFile, VendorRow};
use super::matching::{Clause, normalise, with_dashed_dates};
use super::rates::{ModelPrices, Period};

/// List prices of models by vendor.
#[derive(Debug)]
pub struct PriceBook {
    version: Arc<str>,
    vendors: HashMap<Box<str>, Vendor>,
    error: Option<BookError>,
}

/// Why a price book cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// It has not the form that `make prices` writes.
    #[error("the price book cannot be read: {0}; write it anew with `make prices`")]
    Json(#[from] serde_json::Error),
    /// It is of a later or earlier form.
    #[error("the price book has format {found}, and {FORMAT} is wanted; write it anew with `make prices`")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// A model's list of prices is empty, not in order of date, or beyond the calendar.
    #[error("the price book has no usable periods for model {model:?}; write it anew with `make prices`")]
    Periods {
        /// The id of the model.
        model: Box<str>,
    },
}

#[derive(Debug, Default)]
struct Vendor {
    /// By each name that the data lists outright.
    names: HashMap<Box<str>, Arc<ModelPrices>>,
    /// For other names: the first model of which any clause holds.
    patterns: Vec<(Vec<Clause>, Arc<ModelPrices>)>,
    /// Vendors whose models this one also sells, at their prices.
    fallback: Vec<Box<str>>,
}

impl PriceBook {
    /// The book that is part of this program. Should it be unreadable, an empty one whose [`PriceBook::error`] says why.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<PriceBook> = LazyLock::new(|| {
            let text = include_str!("../../data/prices.json");
            PriceBook::parse(text).unwrap_or_else(|error| PriceBook {
                version: "none".into(),
                vendors: HashMap::new(),
                error: Some(error),
            })
        });
        &BUILTIN
    }

    /// Reads a book; its form is described in `price/file.rs`.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let file: PriceFile = serde_json::from_str(text)?;
        if file.format != FORMAT {
            return Err(BookError::Format { found: file.format });
        }
        let version: Arc<str> = format!("{}-{}/{}", file.source, file.source_version, file.date).into();
        let vendors = file
            .vendors
            .into_iter()
            .map(|(name, row)| Ok((name, Vendor::new(row, &version)?)));
        let vendors = vendors.collect::<Result<_, BookError>>()?;
        Ok(Self {
            version,
            vendors,
            error: None,
        })
    }

    /// Source, its version and the day on which the book was made: `genai-prices-0.2.3/2026-11-23`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Why this book is empty although it should not be.
    pub fn error(&self) -> Option<&BookError> {
        self.error.as_ref()
    }

    /// Whether the book has any prices of a vendor.
    pub fn knows(&self, vendor: &str) -> bool {
        self.vendors.contains_key(vendor)
    }

    /// The prices of a vendor's model, whatever its exact or dated name; `None` if they are unknown.
    ///
    /// Vendors have the names of the data: `openai`, `anthropic`, `google`, `groq`, `cerebras`, `mistral`, `x-ai`,
    /// `openrouter` (whose models are named `anthropic/claude-sonnet-4.5`), `azure`, `aws`, …
    pub fn find(&self, vendor: &str, model: &str) -> Option<&Arc<ModelPrices>> {
        let vendor = self.vendors.get(vendor)?;
        let name = normalise(model);
        self.sold_by(vendor, &name)
            .or_else(|| with_dashed_dates(&name).and_then(|name| self.sold_by(vendor, &name)))
    }

    fn sold_by<'a>(&'a self, vendor: &'a Vendor, name: &str) -> Option<&'a Arc<ModelPrices>> {
        let mut makers = vendor.fallback.iter().filter_map(|maker| self.vendors.get(maker));
        vendor
            .find(name)
            .or_else(|| makers.find_map(|maker| maker.find(name)))
    }
}

impl Vendor {
    fn new(row: VendorRow, version: &Arc<str>) -> Result<Self, BookError> {
        let mut vendor = Self {
            fallback: row.fallback,
            ..Self::default()
        };
        for mut model in row.models {
            let names = std::mem::take(&mut model.names);
            let clauses = std::mem::take(&mut model.clauses);
            let prices = Arc::new(model_prices(model, version)?);
            vendor
                .names
                .extend(names.into_iter().map(|name| (name, Arc::clone(&prices))));
            if !clauses.is_empty() {
                vendor.patterns.push((clauses, prices));
            }
        }
        Ok(vendor)
    }

    fn find(&self, name: &str) -> Option<&Arc<ModelPrices>> {
        self.names.get(name).or_else(|| {
            let holds = |clauses: &[Clause]| clauses.iter().any(|clause| clause.matches(name));
            self.patterns
                .iter()
                .find(|(clauses, _)| holds(clauses))
                .map(|(_, prices)| prices)
        })
    }
}

fn model_prices(row: ModelRow, version: &Arc<str>) -> Result<ModelPrices, BookError> {
    let blind = row.blind();
    let periods: Option<Vec<Period>> = row.prices.into_iter().map(PeriodRow::period).collect();
    let mut periods = periods.unwrap_or_default().into_iter();
    let (Some(first), later) = (periods.next(), periods.collect::<Vec<_>>()) else {
        return Err(BookError::Periods { model: row.id });
    };
    if !std::iter::once(&first)
        .chain(&later)
        .is_sorted_by(|a, b| a.from < b.from)
    {
        return Err(BookError::Periods { model: row.id });
    }
    Ok(ModelPrices {
        id: row.id,
        version: Arc::clone(version),
        context: row.context,
        first,
        later,
        blind,
    })
}
