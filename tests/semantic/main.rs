//! What a semantic cache would serve by which threshold: measured on pairs of texts with a real embedding model, and
//! written into `docs/semantic-cache.md`.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod document;
    mod measured;
    mod pairs;
    mod server;
    mod table;
}
