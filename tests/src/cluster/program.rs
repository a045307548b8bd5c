//! The programs of a cluster, as `tools/kube.sh` builds them.

use std::env;
use std::path::PathBuf;

/// What pins the versions, and so names the folders below the cache folder.
const PINS: [&str; 2] = [
    include_str!("../../../tools/kube/go.mod"),
    include_str!("../../../tools/gitops-agent/go.mod"),
];

/// A program of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `kube-apiserver`
    ApiServer,
    /// `etcd`
    Etcd,
    /// `kubectl`
    Kubectl,
    /// `helm`
    Helm,
    /// `kubeconform`
    Kubeconform,
    /// The sync engine of Argo CD as a command.
    GitopsAgent,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ApiServer,
        Self::Etcd,
        Self::Kubectl,
        Self::Helm,
        Self::Kubeconform,
        Self::GitopsAgent,
    ];

    /// Its name as a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::Etcd => "etcd",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
            Self::Kubeconform => "kubeconform",
            Self::GitopsAgent => "gitops-agent",
        }
    }

    /// The Go module that it is built from.
    const fn module(self) -> &'static str {
        match self {
            Self::ApiServer | Self::Kubectl => "k8s.io/kubernetes",
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::Helm => "helm.sh/helm/v4",
            Self::Kubeconform => "github.com/yannh/kubeconform",
            Self::GitopsAgent => "github.com/argoproj/gitops-engine",
        }
    }

    /// The version that is pinned: `v1.36.3`.
    ///
    /// # Panics
    /// When none is.
    pub fn version(self) -> &'static str {
        let pins = PINS.iter().flat_map(|pins| pins.lines());
        let mut versions = pins.filter_map(|line| {
            let line = line.trim_start_matches("require").trim_start();
            line.strip_prefix(self.module())?
                .strip_prefix(' ')?
                .split(' ')
                .next()
        });
        versions.next().expect("tools/kube/go.mod pins a version")
    }

    /// Where it is: `WAYLEAVE_KUBE_APISERVER` and so on, else the folder `KUBEBUILDER_ASSETS`, else the cache folder.
    ///
    /// # Panics
    /// When there is none.
    pub fn path(self) -> PathBuf {
        let name = self.name();
        let variable = self.variable();
        let given = env::var_os(&variable).map(PathBuf::from);
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(|folder| PathBuf::from(folder).join(name));
        let cache = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
        let built = cache.map(|cache| cache.join("wayleave/kube").join(self.version()).join(name));
        [given, assets, built]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
            .unwrap_or_else(|| panic!("there is no {name}: run `make kube` first, or set {variable}"))
    }

    fn variable(self) -> String {
        format!("WAYLEAVE_{}", self.name().to_uppercase().replace('-', "_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_one_version() {
        for program in Program::ALL {
            let version = program.version();
            assert!(
                version.starts_with('v') && version.contains('.'),
                "{program:?}: {version}"
            );
        }
        assert_eq!(Program::ApiServer.variable(), "WAYLEAVE_KUBE_APISERVER");
    }
}
