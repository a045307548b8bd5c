//! The books survive: a data plane is killed, what takes its ledger is away, and every call that a client saw answered
//! is in the ledger all the same, once.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod clickhouse;
    mod collectors;
    mod killed;
    mod load;
    mod plane;
    mod tally;
}
