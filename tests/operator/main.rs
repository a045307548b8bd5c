//! Operator, config service and data planes on a real API server, with exactly the rights that the chart gives.
//!
//! Each module is one promise. Each test has namespaces of its own; those that stop the API server have a cluster of
//! their own.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod access;
    mod attached;
    mod broken;
    mod cache;
    mod envoy;
    mod experiments;
    mod leaders;
    mod measure;
    mod outage;
    mod rejected;
    mod rotation;
    mod scale;
    mod serving;
    mod support;
}
