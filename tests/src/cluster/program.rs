//! The programs of a cluster, as `tools/kube.sh` builds them.

use std::env;
use std::path::PathBuf;

/// What pins the versions, and so names the folders below the cache folder.
const CLUSTER: &str = include_str!("../../../tools/kube/go.mod");
const GITOPS_AGENT: &str = include_str!("../../../tools/gitops-agent/go.mod");
const OLDEST: &str = include_str!("../../../tools/crd-validate/oldest.mod");
const NEWEST: &str = include_str!("../../../tools/crd-validate/go.mod");

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
    /// The validation of a definition by the oldest Kubernetes that is supported.
    CrdValidateOldest,
    /// The same by the newest.
    CrdValidateNewest,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ApiServer,
        Self::Etcd,
        Self::Kubectl,
        Self::Helm,
        Self::Kubeconform,
        Self::GitopsAgent,
        Self::CrdValidateOldest,
        Self::CrdValidateNewest,
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
            Self::CrdValidateOldest => "crd-validate-oldest",
            Self::CrdValidateNewest => "crd-validate-newest",
        }
    }

    /// The Go module that it is built from, and the file that pins it.
    const fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::ApiServer | Self::Kubectl => ("k8s.io/kubernetes", CLUSTER),
            Self::Etcd => ("go.etcd.io/etcd/server/v3", CLUSTER),
            Self::Helm => ("helm.sh/helm/v4", CLUSTER),
            Self::Kubeconform => ("github.com/yannh/kubeconform", CLUSTER),
            Self::GitopsAgent => ("github.com/argoproj/gitops-engine", GITOPS_AGENT),
            Self::CrdValidateOldest => ("k8s.io/apiextensions-apiserver", OLDEST),
            Self::CrdValidateNewest => ("k8s.io/apiextensions-apiserver", NEWEST),
        }
    }

    /// The version that is pinned: `v1.36.3`.
    ///
    /// # Panics
    /// When none is.
    pub fn version(self) -> &'static str {
        let (module, pins) = self.source();
        let mut versions = pins.lines().filter_map(|line| {
            let line = line.trim_start_matches("require").trim_start();
            line.strip_prefix(module)?.strip_prefix(' ')?.split(' ').next()
        });
        versions.next().expect("a version is pinned")
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
