//! The simulator over real connections.

// The attribute tells clippy that the helper functions in there are tests too.
#[cfg(test)]
mod suite {
    mod azure;
    mod bedrock;
    mod chat;
    mod client;
    mod completions;
    mod control;
    mod endpoints;
    mod faults;
    mod formats;
    mod gemini;
    mod leaving;
    mod messages;
    mod pace;
    mod replay;
    mod responses;
    mod script;
}
