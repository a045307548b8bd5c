//! Keeps our certificates in their Secret and ConfigMap, and shows them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, ResourceExt as _};
use tokio::sync::watch;
use tokio::time::sleep;
use wayleave_core::resource::Identity;
use wayleave_core::snapshot::ObjectName;
use wayleave_tls::{BadCertificate, ServedCertificate, certified};

use super::watch::Pauses;
use super::write::FIELD_MANAGER;
use crate::config::certificate::{Bearer, CA_ENTRY, CertificateError, LOOK_AGAIN, Names, Store};
use crate::metrics::Metrics;

/// After a failure.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Keeps the certificates.
#[derive(Debug)]
pub struct Certificates {
    /// Secrets of our namespace.
    pub secrets: Api<Secret>,
    /// ConfigMaps of our namespace.
    pub config_maps: Api<ConfigMap>,
    /// The Secret with the authority and the certificates.
    pub secret: String,
    /// The ConfigMap with the certificates to trust.
    pub config_map: String,
    /// Our namespace.
    pub namespace: String,
    /// Who needs one.
    pub names: Names,
    /// The config port.
    pub shown: ServedCertificate,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

/// Why the certificates cannot be kept.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Api(#[from] kube::Error),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Unusable(#[from] BadCertificate),
}

impl Certificates {
    /// Until the end of the process. The leader makes and renews, the others show what they find.
    pub async fn run(
        self,
        mut leading: watch::Receiver<bool>,
        identity: watch::Sender<Option<Arc<Identity>>>,
    ) {
        let found = watch_object(self.secrets.clone(), &self.secret).backoff(Pauses::default());
        let mut found = std::pin::pin!(found);
        let mut secret: Option<Secret> = None;
        let mut known = false;
        let mut pause = LOOK_AGAIN;
        loop {
            tokio::select! {
                next = found.next() => match next {
                    Some(Ok(next)) => (known, secret) = (true, next),
                    Some(Err(error)) => {
                        tracing::warn!("cannot read Secret {}/{}: {error}", self.namespace, self.secret);
                        continue;
                    }
                    None => return,
                },
                changed = leading.changed() => if changed.is_err() { return },
                () = sleep(pause) => {}
            }
            let leads = *leading.borrow_and_update();
            pause = LOOK_AGAIN;
            if !known {
                continue;
            }
            if let Err(error) = self.keep(secret.as_ref(), leads, &identity).await {
                tracing::warn!(
                    "the certificates in Secret {}/{} cannot be kept: {error}",
                    self.namespace,
                    self.secret
                );
                pause = TRY_AGAIN;
            }
        }
    }

    async fn keep(
        &self,
        secret: Option<&Secret>,
        leads: bool,
        identity: &watch::Sender<Option<Arc<Identity>>>,
    ) -> Result<(), KeepError> {
        let empty = BTreeMap::new();
        let data = secret.and_then(|secret| secret.data.as_ref()).unwrap_or(&empty);
        let mut store = Store::read(data);
        if leads && let Some(renewed) = store.renewed(&self.names, Timestamp::now())? {
            // The watch tells of it, but there is no need to wait for that.
            self.write(secret, &renewed).await?;
            store = renewed;
            tracing::info!("certificates were made or renewed");
        }
        if let Some(pair) = store.leaf(Bearer::ConfigService) {
            self.shown.put(Some(certified(&pair.certificate, &pair.key)?));
        }
        if let Some(end) = store.end(Bearer::ConfigService) {
            self.metrics.certificate_ends(end);
        }
        let own = store.leaf(Bearer::DataPlane).map(|pair| {
            Arc::new(Identity {
                name: ObjectName::new(self.namespace.as_str(), "ext-proc"),
                chain: Arc::from(pair.certificate.as_str()),
                key: pair.key.clone(),
            })
        });
        identity.send_if_modified(|before| {
            let changed = *before != own;
            *before = own;
            changed
        });
        if leads && let Some(secret) = secret {
            self.publish(secret, &store).await?;
        }
        Ok(())
    }

    /// If somebody else was faster the API server refuses, and the watch tells what they wrote.
    async fn write(&self, secret: Option<&Secret>, store: &Store) -> Result<(), kube::Error> {
        let metadata = |version: Option<String>| ObjectMeta {
            name: Some(self.secret.clone()),
            resource_version: version,
            ..ObjectMeta::default()
        };
        let content = |version| Secret {
            metadata: metadata(version),
            data: Some(store.write()),
            ..Secret::default()
        };
        match secret {
            Some(secret) => {
                let patch = Patch::Merge(content(secret.resource_version()));
                self.secrets
                    .patch(&self.secret, &PatchParams::apply(FIELD_MANAGER), &patch)
                    .await?;
            }
            None => {
                self.secrets
                    .create(&PostParams::default(), &content(None))
                    .await?;
            }
        }
        Ok(())
    }

    /// The certificates to trust, for data planes and Envoys. Goes with the Secret.
    async fn publish(&self, secret: &Secret, store: &Store) -> Result<(), kube::Error> {
        let owner = OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            name: secret.name_any(),
            uid: secret.uid().unwrap_or_default(),
            ..OwnerReference::default()
        };
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(self.config_map.clone()),
                owner_references: Some(vec![owner]),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(CA_ENTRY.to_owned(), store.bundle())])),
            ..ConfigMap::default()
        };
        self.config_maps
            .patch(
                &self.config_map,
                &PatchParams::apply(FIELD_MANAGER).force(),
                &Patch::Apply(map),
            )
            .await?;
        Ok(())
    }
}
