//! The commands that print and end: `check` and `explain`.

#[cfg(test)]
mod suite {
    mod check;
    mod explain;
    mod folder;
}
