//! A server that ends with the test's process, however that ends.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex};
use std::thread;

use crate::program::wayleave;

/// Lines of a log shown when a test fails.
const SHOWN: usize = 30;

/// The kernel ends such a child with the thread that started it, and a test's thread ends before the process does: all
/// are started by one thread that never ends.
static STARTER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = mpsc::channel::<Order>();
    thread::Builder::new()
        .name("starter".to_owned())
        .spawn(move || {
            for mut order in orders {
                drop(order.reply.send(order.command.spawn()));
            }
        })
        .expect("a thread");
    sender
});

struct Order {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// A server that runs. Dropped, it is killed and gone.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Mutex<Child>,
    id: u32,
    log: PathBuf,
}

impl Server {
    /// Starts a server that logs to a file of its name in this folder.
    ///
    /// # Panics
    /// When it cannot be started.
    pub(crate) fn start(name: &'static str, program: &Path, arguments: &[String], folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        // A server that is started again goes on in its log.
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log");
        let mut command = Command::new(wayleave());
        command
            .args(["exec-envoy", "--parent", &std::process::id().to_string(), "--"])
            .arg(program)
            .args(arguments)
            // An interrupt at the terminal is for us: we end it in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a log"))
            .stderr(file);
        let (reply, started) = mpsc::channel();
        STARTER.send(Order { command, reply }).expect("the thread lives");
        let child = started
            .recv()
            .expect("the thread lives")
            .expect("wayleave can be started");
        Self {
            name,
            id: child.id(),
            child: Mutex::new(child),
            log,
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Checks that it has not ended.
    ///
    /// # Panics
    /// When it has, with the end of its log.
    pub(crate) fn assert_runs(&self) {
        if let Some(told) = self.fallen() {
            panic!("{told}");
        }
    }

    /// How it ended by itself, with the end of its log; `None`: it runs.
    pub(crate) fn fallen(&self) -> Option<String> {
        let ended = self.child.lock().unwrap().try_wait();
        let status = ended.expect("a child can be asked")?;
        Some(format!("{} ended with {status}:\n{}", self.name, self.tail()))
    }

    /// The end of its log, and where the whole is.
    pub(crate) fn tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        format!("{}\n(all of it: {})", tail.join("\n"), self.log.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let Ok(mut child) = self.child.lock() else { return };
        drop(child.kill());
        drop(child.wait());
    }
}
