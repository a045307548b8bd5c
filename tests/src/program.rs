//! The programs under test: `wayleave` as cargo built it, Envoy, and Redis.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Where `make envoy` keeps the Envoy that it fetched, below the user's cache folder.
const CACHED_ENVOY: &str = "wayleave/envoy/1.40.0/envoy";
/// Where `make redis` keeps the server that it fetched, there too.
const CACHED_REDIS: &str = "wayleave/redis/debian12/redis-server";
/// Where `make clickhouse` keeps the server that it fetched, there too.
const CACHED_CLICKHOUSE: &str = "wayleave/clickhouse/debian12/clickhouse-server";
/// Where `make prometheus` keeps the one that it fetched, there too.
const CACHED_PROMETHEUS: &str = "wayleave/prometheus/debian12/prometheus";

/// The `wayleave` to test: `WAYLEAVE_BIN`, else the one beside this test's own program.
///
/// # Panics
/// When there is none.
pub fn wayleave() -> PathBuf {
    let given = env::var_os("WAYLEAVE_BIN").map(PathBuf::from);
    let path = given.unwrap_or_else(|| built().join("wayleave"));
    assert!(
        path.is_file(),
        "there is no program {}: run `cargo build -p wayleave-cli` first, or set WAYLEAVE_BIN",
        path.display()
    );
    path
}

/// The folder of programs that cargo built together with this one: `target/debug`.
fn built() -> PathBuf {
    let program = env::current_exe().expect("it has a file");
    // target/debug/deps/data_plane-0123456789abcdef for a test, target/debug/cluster for a program.
    let folder = program.parent().expect("a folder of programs");
    let built = if folder.ends_with("deps") {
        folder.parent()
    } else {
        Some(folder)
    };
    built.expect("a folder of programs").to_owned()
}

/// The folder that cargo builds in: `target`.
///
/// # Panics
/// When there is none.
pub fn target() -> PathBuf {
    built().parent().expect("a target folder").to_owned()
}

/// The Envoy to test with: `WAYLEAVE_ENVOY`, else the one on PATH, else the one that was fetched.
///
/// # Panics
/// When there is none.
pub fn envoy() -> PathBuf {
    found("WAYLEAVE_ENVOY", "envoy", CACHED_ENVOY)
        .expect("there is no Envoy: run `make envoy` first, or set WAYLEAVE_ENVOY")
}

/// The redis-server to test with: `WAYLEAVE_REDIS`, else the one on PATH, else the one that was fetched. `None`: there is
/// none, and it is said that the test is skipped.
///
/// # Panics
/// When there is none and CI is set.
pub fn redis() -> Option<PathBuf> {
    optional("WAYLEAVE_REDIS", "redis-server", CACHED_REDIS, "make redis")
}

/// The clickhouse-server to test with, in the same way.
///
/// # Panics
/// When there is none and CI is set.
pub fn clickhouse() -> Option<PathBuf> {
    optional(
        "WAYLEAVE_CLICKHOUSE",
        "clickhouse-server",
        CACHED_CLICKHOUSE,
        "make clickhouse",
    )
}

/// The prometheus to test with, in the same way.
///
/// # Panics
/// When there is none and CI is set.
pub fn prometheus() -> Option<PathBuf> {
    optional(
        "WAYLEAVE_PROMETHEUS",
        "prometheus",
        CACHED_PROMETHEUS,
        "make prometheus",
    )
}

fn optional(variable: &str, name: &str, cached: &str, task: &str) -> Option<PathBuf> {
    let found = found(variable, name, cached);
    if found.is_none() {
        let reason = format!("there is no {name}: run `{task}` first, or set {variable}");
        assert!(env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
    }
    found
}

/// A program: the one that this variable names, else the one on PATH, else the one below the user's cache folder.
fn found(variable: &str, name: &str, cached: &str) -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(name))
        .collect::<Vec<_>>();
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let given = env::var_os(variable).map(PathBuf::from);
    given
        .into_iter()
        .chain(on_path)
        .chain(cache.map(|cache| cache.join(cached)))
        .find(|path| path.is_file())
}

/// Runs `wayleave` with these arguments to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(wayleave())
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .expect("wayleave can be started")
}
