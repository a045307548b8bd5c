//! A redis-server of a test's own.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

/// How long something may take to come true on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where tools/redis.sh keeps the server that it fetched, below the user's cache folder.
const CACHED: &str = "wayleave/redis/debian12/redis-server";

/// What a server searches vectors by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    VectorSets,
    SearchModule,
}

/// A server that runs, on a socket in a folder of its own. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Process {
    /// Starts one with these arguments; `None`: there is none on this machine, which is said, and is a failure where CI
    /// is set.
    pub(crate) async fn start(arguments: &[&str]) -> Option<Self> {
        Some(Self::of(program()?, arguments).await)
    }

    /// Starts one that searches vectors in this way and no other.
    pub(crate) async fn start_with(by: By, arguments: &[&str]) -> Option<Self> {
        Some(Self::of(by.program()?, arguments).await)
    }

    /// Starts one for each way to search vectors.
    pub(crate) async fn start_with_each() -> Vec<Self> {
        let mut all = Vec::new();
        for by in [By::VectorSets, By::SearchModule] {
            all.extend(Self::start_with(by, &[]).await);
        }
        all
    }

    async fn of(program: PathBuf, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut process = Self {
            child: spawn(&program, &folder, &arguments),
            program,
            arguments,
            folder,
        };
        process.answers().await;
        process
    }

    /// The URL of its socket.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, empty.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(&self.program, &self.folder, &self.arguments);
        self.answers().await;
    }

    /// Stops it as it is (`STOP`), or lets it go on (`CONT`).
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Whether it searches vectors in any way.
    pub(crate) fn searches_vectors(&self) -> bool {
        self.knows("VSIM") || self.knows("FT.SEARCH")
    }

    fn knows(&self, command: &str) -> bool {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream
            .write_all(format!("COMMAND INFO {command}\r\n").as_bytes())
            .unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        // An array of one: of nothing, or of what the command is like.
        answer[4] == b'*' && {
            let mut length = [0; 1];
            stream.read_exact(&mut length).unwrap();
            length != *b"-"
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    async fn answers(&mut self) {
        let socket = self.socket();
        until("redis-server answers", async || {
            assert_eq!(self.child.try_wait().unwrap(), None, "it ended");
            let mut answer = [0; 1];
            let mut stream = UnixStream::connect(&socket).ok()?;
            stream.write_all(b"PING\r\n").ok()?;
            // An error is an answer too: it wants a password.
            stream.read_exact(&mut answer).ok()
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("redis-server said:\n{log}");
        }
    }
}

fn spawn(program: &PathBuf, folder: &TempDir, arguments: &[String]) -> Child {
    // A killed one leaves it there, and it would look as if the next one were up.
    drop(fs::remove_file(folder.path().join("socket")));
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))
        .unwrap();
    let port = ["--port", "0"].map(str::to_owned);
    let port = if arguments.iter().any(|argument| argument == "--port") {
        [].as_slice()
    } else {
        &port
    };
    Command::new(program)
        .args(port)
        .args(["--unixsocket", "socket", "--save", "", "--bind", "127.0.0.1"])
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn program() -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("redis-server"))
        .collect::<Vec<_>>();
    let all = given("WAYLEAVE_REDIS")
        .into_iter()
        .chain(on_path)
        .chain(cached(CACHED));
    found(
        all,
        "there is no redis-server: run `make redis` first, or set WAYLEAVE_REDIS",
    )
}

impl By {
    /// One on PATH may be too old.
    pub(crate) fn program(self) -> Option<PathBuf> {
        // Where tools/redis.sh keeps it.
        let (variable, path, what) = match self {
            Self::VectorSets => ("WAYLEAVE_REDIS_VECTORS", "8.2.3", "vector sets"),
            Self::SearchModule => ("WAYLEAVE_REDIS_SEARCH", "search-2.10.5", "the search module"),
        };
        let all = given(variable)
            .into_iter()
            .chain(cached(&format!("wayleave/redis/{path}/redis-server")));
        if self == Self::SearchModule && given(variable).is_none() && !cfg!(target_arch = "x86_64") {
            eprintln!("skipped: no package has the search module for this machine");
            return None;
        }
        found(
            all,
            &format!("there is no redis-server with {what}: run `make redis` first, or set {variable}"),
        )
    }
}

fn given(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

fn cached(path: &str) -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.map(|cache| cache.join(path))
}

fn found(mut all: impl Iterator<Item = PathBuf>, reason: &str) -> Option<PathBuf> {
    let found = all.find(|path| path.is_file());
    if found.is_none() {
        assert!(env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
    }
    found
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < end, "there is still not: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
