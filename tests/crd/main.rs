//! The CRDs against a real API server: what it takes, what it refuses and with which words, and what `kubectl` prints.

#[cfg(test)]
mod suite {
    mod bounds;
    mod budget;
    mod cases;
    mod compiler;
    mod examples;
    mod fields;
    mod kubectl;
    mod manifest;
    mod server;
}
