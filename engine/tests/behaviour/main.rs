//! The engine against simulated providers, over real connections.

// The attribute tells clippy that the functions in there that are no tests belong to tests too.
#[cfg(test)]
mod suite {
    mod awake;
    mod cache;
    mod clocks;
    mod clouds;
    mod coalesced;
    mod experiments;
    mod feedback;
    mod formats;
    mod judged;
    mod keys;
    mod leaving;
    mod life;
    mod limits;
    mod losers;
    mod money;
    mod outcome;
    mod picks;
    mod purge;
    mod race;
    mod replicas;
    mod secrets;
    mod similar;
    mod streams;
    mod support;
    mod tasks;
    mod tls;
    mod told;
}
