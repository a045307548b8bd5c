//! What the dashboards are made from: `tests/dashboards/sources`.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// A dashboard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboard {
    /// The name of its file.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) title: String,
    /// What one can choose, beside the data source and the namespace.
    pub(crate) variables: Vec<Variable>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Variable {
    Route,
    Provider,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) title: String,
    /// Panels beside each other.
    pub(crate) across: u32,
    pub(crate) panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// What it shows, and what to do when it looks bad.
    pub(crate) about: String,
    pub(crate) kind: Kind,
    /// As Grafana calls it.
    pub(crate) unit: String,
    /// From which number on it is shown in red.
    pub(crate) bad_above: Option<f64>,
    /// Whether it may be below 0.
    #[serde(default)]
    pub(crate) signed: bool,
    pub(crate) queries: Vec<Query>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The present number, with its course behind it.
    Stat,
    /// One number of the selected time.
    Total,
    /// Lines.
    Graph,
    /// Lines on top of each other: their sum means something.
    Stacked,
    /// Bands of 1 and 0.
    States,
    /// A row per series, at the end of the selected time.
    Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) expr: String,
    #[serde(default)]
    pub(crate) legend: String,
}

impl Kind {
    /// Whether it shows the end of the selected time only.
    pub(crate) const fn is_instant(self) -> bool {
        matches!(self, Self::Total | Self::Table)
    }
}

impl Dashboard {
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }
}

/// All of them, by name.
pub(crate) fn dashboards() -> Vec<Dashboard> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/sources");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let read = serde_yaml::from_str::<Dashboard>(&text);
        let dashboard = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Dashboard {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            ..dashboard
        }
    };
    paths.iter().map(|path| read(path)).collect()
}
