//! The data plane as its users run it: `wayleave up` before simulated providers, through a real Envoy and without.
//!
//! Each module is one behaviour. What both adaptors have to do alike is tested on both.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod access_log;
    mod books;
    mod cache;
    mod cache_outage;
    mod cache_poison;
    mod caching;
    mod chains;
    mod crash;
    mod drain;
    mod encodings;
    mod endpoints;
    mod feedback;
    mod http_adaptor;
    mod key_pools;
    mod learned;
    mod leaving;
    mod never_reading;
    mod races;
    mod refused;
    mod reload;
    mod secrets;
    mod sizes;
    mod start;
    mod table;
}
