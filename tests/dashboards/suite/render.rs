//! A dashboard as Grafana reads it.

use serde_json::{Value, json};

use super::source::{Dashboard, Kind, Panel, Query, Row, Variable};

/// Columns of Grafana's grid.
const COLUMNS: u32 = 24;

/// The whole file.
pub(crate) fn render(dashboard: &Dashboard) -> Value {
    json!({
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["wayleave", "llm"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "timezone": "",
        "refresh": "30s",
        "graphTooltip": 1,
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "links": [{
            "type": "dashboards", "title": "Wayleave", "tags": ["wayleave"],
            "asDropdown": true, "keepTime": true, "includeVars": true,
        }],
        "templating": {"list": variables(dashboard)},
        "panels": panels(&dashboard.rows),
    })
}

fn variables(dashboard: &Dashboard) -> Vec<Value> {
    let datasource = json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {},
        "refresh": 1,
    });
    let namespace = choice(
        "namespace",
        "Namespace",
        "label_values(wayleave_in_flight, namespace)",
    );
    let further = dashboard.variables.iter().map(|variable| match variable {
        Variable::Route => choice(
            "route",
            "Route",
            "label_values(wayleave_calls_total{namespace=~\"$namespace\"}, route)",
        ),
        Variable::Provider => choice(
            "provider",
            "Provider key",
            "label_values(wayleave_key_up{namespace=~\"$namespace\"}, provider)",
        ),
    });
    [datasource, namespace].into_iter().chain(further).collect()
}

/// A variable of which one may choose several values, or all.
fn choice(name: &str, label: &str, query: &str) -> Value {
    json!({
        "name": name, "label": label, "type": "query", "datasource": datasource(),
        "query": {"query": query, "refId": name}, "definition": query,
        "refresh": 2, "includeAll": true, "multi": true, "allValue": ".*", "sort": 1,
        "current": {"selected": true, "text": ["All"], "value": ["$__all"]},
    })
}

/// The one that is chosen above.
fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// Rows from above to below, the panels of each from left to right.
fn panels(rows: &[Row]) -> Vec<Value> {
    let mut all = Vec::new();
    let mut y = 0;
    for row in rows {
        let id = all.len() + 1;
        all.push(json!({
            "id": id, "type": "row", "title": row.title, "collapsed": false, "panels": [],
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y},
        }));
        y += 1;
        let width = COLUMNS / row.across;
        for line in row.panels.chunks(row.across as usize) {
            let height = line.iter().map(|panel| panel.kind.height()).max().unwrap_or(0);
            for (place, panel) in (0..).zip(line) {
                let id = all.len() + 1;
                let place = json!({"h": height, "w": width, "x": place * width, "y": y});
                all.push(panel.render(id, &place));
            }
            y += height;
        }
    }
    all
}

impl Kind {
    const fn height(self) -> u32 {
        match self {
            Self::Stat | Self::Total => 5,
            Self::Graph | Self::Stacked | Self::States | Self::Table => 8,
        }
    }

    pub(crate) const fn grafana(self) -> &'static str {
        match self {
            Self::Stat | Self::Total => "stat",
            Self::Graph | Self::Stacked => "timeseries",
            Self::States => "state-timeline",
            Self::Table => "table",
        }
    }
}

impl Panel {
    fn render(&self, id: usize, place: &Value) -> Value {
        let targets = ('A'..)
            .zip(&self.queries)
            .map(|(id, query)| self.target(id, query));
        let mut panel = json!({
            "id": id,
            "type": self.kind.grafana(),
            "title": self.title,
            "description": self.about,
            "datasource": datasource(),
            "gridPos": place,
            "fieldConfig": {"defaults": self.defaults(), "overrides": []},
            "options": self.options(),
            "targets": targets.collect::<Vec<_>>(),
        });
        if self.kind == Kind::Table {
            // The time is the same in all rows.
            panel["transformations"] =
                json!([{"id": "organize", "options": {"excludeByName": {"Time": true}}}]);
        }
        panel
    }

    fn target(&self, id: char, query: &Query) -> Value {
        let instant = self.kind.is_instant();
        json!({
            "refId": id, "datasource": datasource(), "expr": query.expr, "legendFormat": query.legend,
            "instant": instant, "range": !instant,
            "format": if self.kind == Kind::Table { "table" } else { "time_series" },
        })
    }

    fn defaults(&self) -> Value {
        let mut defaults = json!({"unit": self.unit});
        if !self.signed {
            defaults["min"] = json!(0);
        }
        if let Some(bad) = self.bad_above {
            // Grafana's thresholds begin at their value, and this one is good still.
            let steps = json!([{"color": "green", "value": null}, {"color": "red", "value": bad + 1e-9}]);
            defaults["thresholds"] = json!({"mode": "absolute", "steps": steps});
        }
        match self.kind {
            Kind::Stacked => {
                defaults["custom"] = json!({"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 20});
            }
            Kind::States => {
                defaults["mappings"] = json!([{"type": "value", "options": {
                    "0": {"text": "left alone", "color": "red", "index": 0},
                    "1": {"text": "may be used", "color": "green", "index": 1},
                }}]);
            }
            Kind::Stat | Kind::Total | Kind::Graph | Kind::Table => {}
        }
        defaults
    }

    fn options(&self) -> Value {
        let last = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
        match self.kind {
            Kind::Stat => json!({"reduceOptions": last, "colorMode": "value", "graphMode": "area"}),
            Kind::Total => json!({"reduceOptions": last, "colorMode": "value", "graphMode": "none"}),
            Kind::Graph | Kind::Stacked => json!({
                "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
            Kind::States => json!({
                "legend": {"showLegend": true, "displayMode": "list", "placement": "bottom"},
                "mergeValues": true, "showValue": "never",
            }),
            Kind::Table => json!({"showHeader": true, "sortBy": [{"displayName": "Value", "desc": true}]}),
        }
    }
}
