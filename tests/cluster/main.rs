//! The cluster that other suites test with is one: its version, its CRDs, its permissions, its end.

#[cfg(test)]
mod suite {
    mod ending;
    mod play;
    mod serving;
}
