//! A git repository, and a checkout of its newest commit that is replaced at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The folder with manifests, in the repository.
pub(super) const MANIFESTS: &str = "manifests";

/// See the module.
#[derive(Debug)]
pub(super) struct Repository(TempDir);

impl Repository {
    /// One without commits.
    pub(super) fn new() -> Self {
        let repository = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::create_dir_all(repository.source().join(MANIFESTS)).expect("a folder");
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Where whoever applies it looks.
    pub(super) fn checkout(&self) -> PathBuf {
        self.0.path().join("current")
    }

    /// Writes a manifest, commits it and checks it out.
    pub(super) fn commit(&self, file: &str, manifest: &str, message: &str) {
        fs::write(self.source().join(MANIFESTS).join(file), manifest).expect("a file");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.check_out();
    }

    /// Reverts the newest commit.
    pub(super) fn revert(&self) {
        self.git(&["revert", "--no-edit", "HEAD"]);
        self.check_out();
    }

    /// Each commit gets a folder, and a link is moved: nobody sees half of a commit.
    fn check_out(&self) {
        let commit = self.git(&["rev-parse", "HEAD"]);
        let (folder, link) = (self.0.path().join(commit.trim()), self.0.path().join("next"));
        let path = folder.to_str().expect("a path");
        self.git(&["worktree", "add", "--quiet", "--detach", path, "HEAD"]);
        symlink(&folder, &link).expect("a link");
        fs::rename(&link, self.checkout()).expect("a link that can be moved");
    }

    fn source(&self) -> PathBuf {
        self.0.path().join("source")
    }

    /// `git` without the settings of whoever runs the tests.
    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            command
                .env(format!("{name}_NAME"), "Tests")
                .env(format!("{name}_EMAIL"), "tests@example.com");
        }
        let output = command
            .arg("-C")
            .arg(self.source())
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", Path::new("/dev/null"))
            .output()
            .expect("git can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
