//! Which certificates are trusted.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::reference::{ConfigMapEntryRef, SecretEntryRef};

/// Where certificates come from: exactly one of the members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("[has(self.pem), has(self.secretRef), has(self.configMapRef)].exists_one(member, member)")
        .message("needs exactly one of pem, secretRef and configMapRef")
        .reason(Reason::FieldValueForbidden)
)]
#[serde(rename_all = "camelCase")]
pub struct CertificateAuthority {
    /// PEM text.
    // Neither reason shows the value, which may be a private key.
    #[schemars(length(max = 65536))]
    #[x_kube(
        validation = Rule::new("self.contains('-----BEGIN CERTIFICATE-----') && self.contains('-----END CERTIFICATE-----')")
            .message("has no certificate: a PEM text begins with -----BEGIN CERTIFICATE-----")
            .reason(Reason::FieldValueRequired),
        validation = Rule::new("!self.contains('PRIVATE KEY-----')")
            .message("has a private key: write certificates alone")
            .reason(Reason::FieldValueForbidden)
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// PEM text in a Secret of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretEntryRef>,
    /// PEM text in a ConfigMap of this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<ConfigMapEntryRef>,
}
