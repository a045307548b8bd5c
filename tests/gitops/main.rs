//! What Argo CD makes of Wayleave's objects by its health scripts, and Flux by kstatus; and a git repository that Argo
//! CD's own sync engine applies.

// The attribute tells clippy that the functions in there are tests too.
#[cfg(test)]
mod suite {
    mod agent;
    mod cases;
    mod config_map;
    mod documents;
    mod examples;
    mod folder;
    mod kstatus;
    mod lua;
    mod repository;
    mod shift;
    mod table;
}
