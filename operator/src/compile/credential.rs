//! Credentials and certificates that objects refer to.

use std::collections::BTreeSet;
use std::sync::Arc;

use wayleave_api::certificate_authority::CertificateAuthority;
use wayleave_api::condition::Reason;
use wayleave_api::provider_key::{ProviderKeySpec, ProviderName};
use wayleave_api::reference::CredentialRef;
use wayleave_core::credential::Credential;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::{Key, ObjectName};
use wayleave_core::vendor::Auth;

use super::verdict::Problems;
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef, Objects, SecretEntry};
use crate::spelling;

/// The credentials that can be used; `None` if there should be some and none can.
pub(super) fn keys(
    name: &ObjectName,
    spec: &ProviderKeySpec,
    auth: Option<Auth>,
    objects: &Objects,
    problems: &mut Problems,
) -> Option<Vec<Key>> {
    let field = FieldPath::spec().key("secretRefs");
    if spec.secret_refs.is_empty() {
        if spec.provider == ProviderName::Custom {
            return Some(Vec::new());
        }
        let message = format!(
            "is missing: {} needs a Secret with an API key",
            spec.provider.as_str()
        );
        problems.invalid(&field, message);
        return None;
    }
    if spec.secret_refs.iter().all(|entry| entry.weight == Some(0)) {
        problems.invalid(
            &field,
            "has only weights of 0: give at least one credential a share",
        );
    }
    let mut seen = BTreeSet::new();
    let mut keys = Vec::new();
    for (index, entry) in spec.secret_refs.iter().enumerate() {
        let field = field.index(index);
        if seen.insert((&entry.name, &entry.key)) {
            keys.extend(key(name, entry, auth, objects, &field, problems));
        } else {
            problems.invalid(
                &field,
                format!("names {}/{} a second time: remove one", entry.name, entry.key),
            );
        }
    }
    (!keys.is_empty()).then_some(keys)
}

fn key(
    owner: &ObjectName,
    entry: &CredentialRef,
    auth: Option<Auth>,
    objects: &Objects,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Key> {
    let secret = secret_entry(owner, &entry.name, &entry.key, objects, field, problems)?;
    if let Some(Err(bad)) = auth.map(|auth| Credential::parse(auth, &secret)) {
        let message = format!(
            "entry `{}` of Secret {}/{} {bad}",
            entry.key, owner.namespace, entry.name
        );
        problems.broken(Reason::SecretInvalid, &field.key("key"), message);
        return None;
    }
    if is_placeholder(secret.expose()) {
        let message = format!(
            "entry `{}` of Secret {}/{} is a ${{VARIABLE}} as it is written: only `wayleave up` fills it in, for kubectl do \
             it with envsubst",
            entry.key, owner.namespace, entry.name
        );
        problems.warn(Reason::ResolvedRefs, &field.key("key"), message);
    }
    let name = Arc::from(format!("{}/{}", entry.name, entry.key));
    Some(Key {
        name,
        secret,
        weight: entry.weight.unwrap_or(1),
    })
}

/// No credential looks like this, but an example that was applied as it is does.
fn is_placeholder(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// The text of an entry of a Secret beside `owner`.
pub(super) fn secret_entry(
    owner: &ObjectName,
    secret: &str,
    entry: &str,
    objects: &Objects,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Secret> {
    let name = ObjectName::new(Arc::clone(&owner.namespace), secret);
    let Some(entries) = objects.secrets.get(&name) else {
        let object = ObjectRef::new(Kind::Secret, name);
        absent(
            &object,
            (Reason::SecretNotFound, Reason::SecretForbidden),
            objects,
            field,
            problems,
        );
        return None;
    };
    let message = match entries.get(entry) {
        Some(SecretEntry::Text(text)) if !text.expose().trim().is_empty() => return Some(text.clone()),
        Some(SecretEntry::Text(_)) => format!("entry `{entry}` of Secret {name} is empty"),
        Some(SecretEntry::Binary) => format!("entry `{entry}` of Secret {name} is not text"),
        None => no_entry(&format!("Secret {name}"), entry, entries.keys()),
    };
    problems.broken(Reason::SecretInvalid, &field.key("key"), message);
    None
}

/// The certificates to trust.
pub(super) fn ca_pem(
    owner: &ObjectName,
    ca: &CertificateAuthority,
    field: &FieldPath,
    objects: &Objects,
    problems: &mut Problems,
) -> Result<Arc<str>, Unavailable> {
    let (field, reason, pem) = match (&ca.pem, &ca.secret_ref, &ca.config_map_ref) {
        (Some(pem), None, None) => (field.key("pem"), Reason::Invalid, pem.clone()),
        (None, Some(from), None) => {
            let field = field.key("secretRef");
            let text =
                secret_entry(owner, &from.name, &from.key, objects, &field, problems).ok_or(Unavailable)?;
            (field, Reason::SecretInvalid, text.expose().to_owned())
        }
        (None, None, Some(from)) => {
            let field = field.key("configMapRef");
            let text =
                config_entry(owner, &from.name, &from.key, objects, &field, problems).ok_or(Unavailable)?;
            (field, Reason::ConfigMapInvalid, text)
        }
        _ => {
            problems.invalid(field, "needs exactly one of pem, secretRef and configMapRef");
            return Err(Unavailable);
        }
    };
    if !(pem.contains("-----BEGIN CERTIFICATE-----") && pem.contains("-----END CERTIFICATE-----")) {
        problems.broken(
            reason,
            &field,
            "has no certificate: a PEM text begins with -----BEGIN CERTIFICATE-----",
        );
        return Err(Unavailable);
    }
    if pem.contains("PRIVATE KEY-----") {
        problems.broken(
            reason,
            &field,
            "has a private key: name an entry with certificates alone",
        );
        return Err(Unavailable);
    }
    Ok(Arc::from(pem))
}

/// Certificates that were asked for and cannot be had. Why is among the problems.
pub(super) struct Unavailable;

fn config_entry(
    owner: &ObjectName,
    config_map: &str,
    entry: &str,
    objects: &Objects,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<String> {
    let name = ObjectName::new(Arc::clone(&owner.namespace), config_map);
    let Some(entries) = objects.config_maps.get(&name) else {
        let object = ObjectRef::new(Kind::ConfigMap, name);
        absent(
            &object,
            (Reason::ConfigMapNotFound, Reason::ConfigMapForbidden),
            objects,
            field,
            problems,
        );
        return None;
    };
    let text = entries.get(entry).cloned();
    if text.is_none() {
        let message = no_entry(&format!("ConfigMap {name}"), entry, entries.keys());
        problems.broken(Reason::ConfigMapInvalid, &field.key("key"), message);
    }
    text
}

/// What a reference leads to is not there, or may not be read.
fn absent(
    object: &ObjectRef,
    (not_found, forbidden): (Reason, Reason),
    objects: &Objects,
    field: &FieldPath,
    problems: &mut Problems,
) {
    let (reason, message) = match objects.unreadable.get(object) {
        None => (not_found, format!("{object} does not exist")),
        Some(why) => (
            forbidden,
            format!(
                "{object} cannot be read by the operator: {why}. Give its service account the rights in this namespace"
            ),
        ),
    };
    problems.broken(reason, &field.key("name"), message);
}

fn no_entry<'a>(object: &str, entry: &str, entries: impl Iterator<Item = &'a String> + Clone) -> String {
    let there: Vec<_> = entries.clone().take(8).map(|name| format!("`{name}`")).collect();
    match spelling::nearest(entry, entries.map(String::as_str)) {
        Some(near) => format!("{object} has no entry `{entry}`, did you mean `{near}`?"),
        None if there.is_empty() => format!("{object} has no entry `{entry}`: it is empty"),
        None => format!("{object} has no entry `{entry}`; it has {}", there.join(", ")),
    }
}
