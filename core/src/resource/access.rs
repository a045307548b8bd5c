//! A provider on the wire: the one place where its credentials are written out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::BadResource;
use crate::capability::CapabilityRow;
use crate::format::{Paths, WireFormat};
use crate::price::Overlay;
use crate::secret::Secret;
use crate::snapshot::{Access, Endpoint, Key, Limits, ObjectName, Provider};
use crate::vendor::Vendor;

#[derive(Serialize, Deserialize)]
pub(super) struct WireProvider {
    name: ObjectName,
    access: WireAccess,
}

#[derive(Serialize, Deserialize)]
enum WireAccess {
    Ready(WireEndpoint),
    Broken(String),
}

/// The vendor is its name: what its row says is the data plane's own knowledge.
#[derive(Serialize, Deserialize)]
struct WireEndpoint {
    vendor: String,
    format: WireFormat,
    url: Arc<str>,
    #[serde(default)]
    paths: Paths,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Arc<str>>,
    keys: Vec<WireKey>,
    ca_pem: Option<Arc<str>>,
    prices: Overlay,
    #[serde(default)]
    capabilities: Vec<CapabilityRow>,
    limits: Limits,
}

#[derive(Serialize, Deserialize)]
struct WireKey {
    name: Arc<str>,
    secret: String,
    weight: u32,
}

impl WireProvider {
    /// With its credentials in clear.
    pub(super) fn expose(provider: &Provider) -> Self {
        let access = match &provider.access {
            Access::Broken(reason) => WireAccess::Broken(reason.clone()),
            Access::Ready(endpoint) => WireAccess::Ready(WireEndpoint {
                vendor: endpoint.vendor.name.to_owned(),
                format: endpoint.vendor.format,
                url: Arc::clone(&endpoint.url),
                paths: endpoint.paths.clone(),
                region: endpoint.region.clone(),
                keys: endpoint.keys.iter().map(WireKey::expose).collect(),
                ca_pem: endpoint.ca_pem.clone(),
                prices: endpoint.prices.clone(),
                capabilities: endpoint.capabilities.clone(),
                limits: endpoint.limits,
            }),
        };
        Self {
            name: provider.name.clone(),
            access,
        }
    }

    /// With its credentials as secrets again.
    pub(super) fn conceal(self) -> Result<Provider, BadResource> {
        let access = match self.access {
            WireAccess::Broken(reason) => Access::Broken(reason),
            WireAccess::Ready(endpoint) => Access::Ready(Arc::new(endpoint.conceal()?)),
        };
        Ok(Provider {
            name: self.name,
            access,
        })
    }
}

impl WireEndpoint {
    fn conceal(self) -> Result<Endpoint, BadResource> {
        let Some(row) = Vendor::named(&self.vendor) else {
            return Err(BadResource::Vendor(self.vendor));
        };
        Ok(Endpoint {
            vendor: row.speaking(self.format),
            url: self.url,
            paths: self.paths,
            region: self.region,
            keys: self.keys.into_iter().map(WireKey::conceal).collect(),
            ca_pem: self.ca_pem,
            prices: self.prices,
            capabilities: self.capabilities,
            limits: self.limits,
        })
    }
}

impl WireKey {
    fn expose(key: &Key) -> Self {
        Self {
            name: Arc::clone(&key.name),
            secret: key.secret.expose().to_owned(),
            weight: key.weight,
        }
    }

    fn conceal(self) -> Key {
        Key {
            name: self.name,
            secret: Secret::new(self.secret),
            weight: self.weight,
        }
    }
}
