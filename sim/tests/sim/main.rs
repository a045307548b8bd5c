//! The simulator over real connections.

// The attribute tells clippy that the helper functions in there are tests too.
#[cfg(test)]
mod suite {
    mod chat;
    mod client;
    mod control;
    mod endpoints;
    mod faults;
    mod leaving;
    mod messages;
    mod pace;
    mod replay;
    mod script;
}
