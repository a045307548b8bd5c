//! The files in the chart are what the sources say, and Grafana can show them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use wayleave_tests::chart::chart;

use super::render::render;
use super::source::dashboards;

/// Set, the test writes the files instead of comparing them.
const UPDATE: &str = "UPDATE_DASHBOARDS";

fn folder() -> PathBuf {
    chart("wayleave/files/dashboards")
}

#[test]
fn the_chart_has_what_the_sources_say() {
    let dashboards = dashboards();
    for dashboard in &dashboards {
        let path = folder().join(format!("{}.json", dashboard.name));
        let made = serde_json::to_string_pretty(&render(dashboard)).unwrap() + "\n";
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&path, made).unwrap();
        } else {
            let known = fs::read_to_string(&path).unwrap_or_default();
            assert!(known == made, "{} is old: run with {UPDATE}=1", path.display());
        }
    }
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    let wanted = dashboards
        .iter()
        .map(|dashboard| format!("{}.json", dashboard.name));
    assert_eq!(files, wanted.collect());
}

#[test]
fn panels_say_what_to_do_and_are_told_apart() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards() {
        assert!(uids.insert(dashboard.uid.clone()), "{} twice", dashboard.uid);
        let mut titles = BTreeSet::new();
        for panel in dashboard.panels() {
            let title = &panel.title;
            assert!(titles.insert(title), "{title} twice in {}", dashboard.title);
            assert!(panel.about.split(' ').count() > 4, "{title}: {}", panel.about);
            assert!(panel.about.ends_with('.'), "{title}: {}", panel.about);
            let one_number = panel.queries.iter().all(|query| query.legend.is_empty());
            assert_eq!(one_number, panel.kind.grafana() == "stat", "{title}: its legend");
        }
    }
}

#[test]
fn panels_have_an_id_each_and_do_not_overlap() {
    for dashboard in dashboards() {
        let dashboard = render(&dashboard);
        let panels = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len());
        let mut cells = BTreeSet::new();
        for panel in panels {
            for cell in cells_of(panel) {
                assert!(cells.insert(cell), "{} overlaps", panel["title"]);
            }
        }
    }
}

fn cells_of(panel: &Value) -> Vec<(i64, i64)> {
    let place = |name: &str| panel["gridPos"][name].as_i64().unwrap();
    assert!(place("x") + place("w") <= 24, "{panel:#}");
    let rows = place("y")..place("y") + place("h");
    rows.flat_map(|y| (place("x")..place("x") + place("w")).map(move |x| (x, y)))
        .collect()
}
