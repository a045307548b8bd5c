//! The dashboards of the chart: made from `sources`, and each query asked of a Prometheus that watched the demo.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod files;
    mod grafana;
    mod known;
    mod render;
    mod scraped;
    mod skips;
    mod source;
}
