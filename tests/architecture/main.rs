//! The promises that the repository makes about itself.

#[cfg(test)]
mod suite {
    mod crates;
    mod documents;
    mod files;
}
