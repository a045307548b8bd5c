//! Rows of named cells, out of JSON or CSV.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, civil::DateTime};
use serde_json::{Deserializer, Map, Value};

use crate::money::Ticks;

use super::super::period::day_of;
use super::InvoiceError;

/// A row: names in lower case, and what stands there. Empty cells are left out.
pub(super) type Cells = BTreeMap<String, String>;

/// Members that hold rows, from the page down.
const CONTAINERS: [&str; 3] = ["data", "results", "result"];

/// The rows of an export.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rows: Vec<Cells>,
    pub(super) json: bool,
    /// Whether the last page says that it is not the last.
    pub(super) cut: bool,
}

/// A row with its number, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    number: usize,
    cells: &'a Cells,
}

impl Table {
    /// Reads JSON (one value, or one after another) or CSV, whose heading has one of `marks`.
    pub(super) fn read(bytes: &[u8], marks: &[&str]) -> Result<Self, InvoiceError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match bytes.trim_ascii_start().first() {
            None => Err(InvoiceError::Empty),
            Some(b'{' | b'[') => Self::json(bytes),
            Some(_) => Self::csv(bytes, marks),
        }
    }

    fn json(bytes: &[u8]) -> Result<Self, InvoiceError> {
        let mut table = Self {
            rows: Vec::new(),
            json: true,
            cut: false,
        };
        for value in Deserializer::from_slice(bytes).into_iter::<Value>() {
            let value = value.map_err(|error| InvoiceError::Json(error.to_string()))?;
            table.collect(&value, &Cells::new());
        }
        Ok(table)
    }

    /// The rows in a value. What a bucket says of itself, e.g. its day, each of its rows says too.
    fn collect(&mut self, value: &Value, around: &Cells) {
        match value {
            Value::Array(values) => {
                for value in values {
                    self.collect(value, around);
                }
            }
            Value::Object(members) => {
                if let Some(more) = members.get("has_more").and_then(Value::as_bool) {
                    self.cut = more;
                }
                let mut cells = around.clone();
                let inner = CONTAINERS
                    .iter()
                    .find_map(|name| members.get(*name).filter(|value| value.is_array()));
                flatten(members, "", &mut cells);
                match inner {
                    Some(inner) => self.collect(inner, &cells),
                    None => self.rows.push(cells),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn csv(bytes: &[u8], marks: &[&str]) -> Result<Self, InvoiceError> {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = if first.contains(&b'\t') { b'\t' } else { b',' };
        let mut reader = csv::ReaderBuilder::new();
        reader.has_headers(false).flexible(true).delimiter(delimiter);
        let mut heading: Option<Vec<String>> = None;
        let mut preamble = Cells::new();
        let mut rows = Vec::new();
        for record in reader.from_reader(bytes).records() {
            let record = record.map_err(|error| InvoiceError::Csv(error.to_string()))?;
            let texts = record.iter().map(str::trim);
            let Some(heading) = &heading else {
                let names: Vec<String> = texts.map(str::to_lowercase).collect();
                if names.iter().any(|name| marks.contains(&&**name)) {
                    heading = Some(names);
                } else if let (Some(name), Some(text)) = (names.first(), record.get(1)) {
                    // Google's cost table begins with lines like `Currency,USD`.
                    preamble.insert(name.clone(), text.trim().to_owned());
                }
                continue;
            };
            let named = heading.iter().cloned().zip(texts.map(str::to_owned));
            let mut cells = preamble.clone();
            cells.extend(named.filter(|(_, text)| !text.is_empty()));
            rows.push(cells);
        }
        Ok(Self {
            rows,
            json: false,
            cut: false,
        })
    }
}

fn flatten(members: &Map<String, Value>, before: &str, cells: &mut Cells) {
    for (name, value) in members {
        let name = format!("{before}{}", name.to_lowercase());
        match value {
            Value::String(text) => {
                cells.insert(name, text.trim().to_owned());
            }
            Value::Bool(value) => {
                cells.insert(name, value.to_string());
            }
            Value::Number(number) => {
                cells.insert(name, number.to_string());
            }
            Value::Object(inner) => flatten(inner, &format!("{name}_"), cells),
            // Rows are collected, and credits are the only other list that is wanted.
            Value::Array(values) if name == "credits" => {
                let amounts = values.iter().filter_map(|credit| credit.get("amount"));
                let texts =
                    amounts.map(|amount| amount.as_str().map_or_else(|| amount.to_string(), str::to_owned));
                cells.insert(name, texts.collect::<Vec<_>>().join(" "));
            }
            Value::Array(_) | Value::Null => {}
        }
    }
    cells.retain(|_, text| !text.is_empty());
}

impl<'a> Row<'a> {
    pub(super) const fn new(number: usize, cells: &'a Cells) -> Self {
        Self { number, cells }
    }

    /// What stands in a column.
    pub(super) fn get(&self, column: &str) -> Option<&'a str> {
        self.cells.get(column).map(String::as_str)
    }

    /// Whether there is anything in a column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.cells.contains_key(column)
    }

    /// A count. Exports of spreadsheets write `59200.0` and `59,200`.
    pub(super) fn count(&self, column: &'static str) -> Result<Option<u64>, InvoiceError> {
        self.value(column, "count", |text| {
            let text = text.replace(',', "");
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            fraction
                .bytes()
                .all(|byte| byte == b'0')
                .then(|| whole.parse().ok())?
        })
    }

    /// An amount of money.
    pub(super) fn amount(
        &self,
        column: &'static str,
        read: impl Fn(&str) -> Option<Ticks>,
    ) -> Result<Option<Ticks>, InvoiceError> {
        self.value(column, "amount", read)
    }

    /// A day: a date, a time (without a zone: UTC), or seconds since 1970.
    pub(super) fn day(&self, column: &'static str) -> Result<Option<Date>, InvoiceError> {
        self.value(column, "day", day)
    }

    fn value<T>(
        &self,
        column: &'static str,
        wanted: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, InvoiceError> {
        let Some(text) = self.get(column) else {
            return Ok(None);
        };
        match read(text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(column, wanted)),
        }
    }

    pub(super) fn wrong(&self, column: &'static str, wanted: &'static str) -> InvoiceError {
        InvoiceError::Value {
            row: self.number,
            column,
            text: self.get(column).unwrap_or_default().chars().take(80).collect(),
            wanted,
        }
    }

    /// Refuses other currencies than USD.
    pub(super) fn dollars_only(&self, column: &str) -> Result<(), InvoiceError> {
        match self.get(column) {
            Some(currency) if !currency.eq_ignore_ascii_case("usd") => Err(InvoiceError::Currency {
                row: self.number,
                currency: currency.chars().take(20).collect(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The columns, e.g. to find one by a part of its name.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'a str> {
        self.cells.keys().map(String::as_str)
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }
}

fn day(text: &str) -> Option<Date> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok().map(day_of);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(day_of(at));
    }
    let plain = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let date = plain.parse::<DateTime>().map(DateTime::date);
    date.or_else(|_| plain.parse::<Date>()).ok()
}
