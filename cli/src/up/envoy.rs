//! Finds an Envoy, and makes the commands that run it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::Command;
use tokio::time::timeout;

/// Where `make envoy` keeps the Envoy that it fetched, below the cache folder.
const CACHED: &str = "wayleave/envoy/1.40.0/envoy";
/// The first with streamed immediate responses.
const OLDEST: Version = Version {
    major: 1,
    minor: 37,
    patch: 0,
};
/// How long Envoy may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// An Envoy that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Envoy {
    pub(crate) path: PathBuf,
    pub(crate) version: Version,
}

/// A version of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Envoy {
    /// The Envoy that was asked for, else the one on PATH, else the one that `make envoy` has fetched.
    ///
    /// # Errors
    /// When there is none, or it cannot run, or it is too old.
    pub(crate) async fn find(asked: Option<&Path>) -> anyhow::Result<Self> {
        let path = match asked {
            Some(path) => path.to_owned(),
            None => find_in(env::var_os("PATH").as_deref(), cache_folder().as_deref()).context(
                "there is no envoy on PATH: run `make envoy` once, or give --envoy PATH, or serve without with --no-envoy",
            )?,
        };
        let version = version(&path).await?;
        if version < OLDEST {
            let shown = path.display();
            bail!(
                "{shown} is Envoy {version}, too old: {OLDEST} is needed. Run `make envoy`, and give its --envoy PATH"
            );
        }
        Ok(Self { path, version })
    }
}

fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))
}

fn find_in(path: Option<&OsStr>, cache: Option<&Path>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = path
        .map(|path| env::split_paths(path).collect())
        .unwrap_or_default();
    let on_path = folders.into_iter().map(|folder| folder.join("envoy"));
    on_path
        .chain(cache.map(|cache| cache.join(CACHED)))
        .find(|file| file.is_file())
}

async fn version(path: &Path) -> anyhow::Result<Version> {
    let shown = path.display();
    let output = Command::new(path).arg("--version").kill_on_drop(true).output();
    let output = timeout(PATIENCE, output)
        .await
        .with_context(|| format!("{shown} --version does not end"))?;
    let output =
        output.with_context(|| format!("cannot run {shown}; give the path of an Envoy with --envoy PATH"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text).with_context(|| format!("{shown} --version does not tell the version of an Envoy"))
}

/// Reads e.g. `envoy  version: 9e558093/1.40.0/Clean/RELEASE/BoringSSL`; a development build is `1.41.0-dev`.
fn parse_version(text: &str) -> Option<Version> {
    let (_, build) = text.split_once("version: ")?;
    let version = build.split('/').nth(1)?.split('-').next()?;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some(Version {
        major: numbers.next()??,
        minor: numbers.next()??,
        patch: numbers.next()??,
    })
}

/// The arguments of an Envoy that reads its configuration from `config`. It logs in a form that [`super::relay`] reads.
pub(crate) fn arguments(config: &Path, concurrency: Option<u32>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["--config-path".into(), config.into()];
    arguments.extend(["--disable-hot-restart", "--log-level", "warning"].map(OsString::from));
    arguments.extend(["--log-format", super::relay::LOG_FORMAT, "--log-format-escaped"].map(OsString::from));
    if let Some(workers) = concurrency {
        arguments.extend(["--concurrency".into(), workers.to_string().into()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn path_comes_before_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cached = folder.path().join(CACHED);
        let bin = folder.path().join("bin");
        fs::create_dir_all(cached.parent().unwrap()).unwrap();
        fs::create_dir_all(&bin).unwrap();
        let find = || find_in(Some(bin.as_os_str()), Some(folder.path()));
        assert_eq!(find(), None);
        fs::write(&cached, "").unwrap();
        assert_eq!(find(), Some(cached));
        fs::write(bin.join("envoy"), "").unwrap();
        assert_eq!(find(), Some(bin.join("envoy")));
    }

    #[test]
    fn versions_are_read_and_ordered() {
        let version = |text: &str| {
            parse_version(&format!(
                "\nenvoy  version: 9e5580/{text}/Clean/RELEASE/BoringSSL\n"
            ))
        };
        assert_eq!(
            version("1.40.0"),
            Some(Version {
                major: 1,
                minor: 40,
                patch: 0
            })
        );
        assert!(version("1.36.4").unwrap() < OLDEST && OLDEST <= version("1.37.0-dev").unwrap());
        assert_eq!(version("1.40"), None);
        assert_eq!(parse_version("GNU bash, version 5.2"), None);
    }

    #[tokio::test]
    async fn what_is_no_envoy_or_too_old_is_told() {
        let error = Envoy::find(Some(Path::new("/nowhere/envoy"))).await.unwrap_err();
        assert!(error.to_string().contains("cannot run /nowhere/envoy"), "{error}");
        let error = Envoy::find(Some(Path::new("/bin/true"))).await.unwrap_err();
        assert!(error.to_string().contains("does not tell the version"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("envoy");
        fs::write(
            &old,
            "#!/bin/sh\necho 'envoy  version: abc/1.36.2/Clean/RELEASE/BoringSSL'\n",
        )
        .unwrap();
        fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let error = Envoy::find(Some(&old)).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("is Envoy 1.36.2, too old: 1.37.0 is needed"),
            "{error}"
        );
    }
}
