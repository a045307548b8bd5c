//! The Helm charts: what they render, what they refuse, and what a real API server and a real Envoy say to it.
//!
//! A pod never runs here: there are no nodes.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod admission;
    mod attached;
    mod bootstrap;
    mod cases;
    mod crds;
    mod dashboards;
    mod foreign;
    mod pods;
    mod release;
    mod rights;
    mod schema;
    mod steady;
}
