//! Who may use a `ProviderKey`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use kube::core::{Selector, SelectorExt};
use wayleave_api::allowed_namespaces::{AllowedNamespaces, LabelOperator, NamespaceSelector, NamespacesFrom};
use wayleave_api::condition::Reason;
use wayleave_api::provider_key::ProviderKeySpec;
use wayleave_api::reference::ProviderKeyRef;
use wayleave_core::snapshot::{Access, ObjectName};

use super::verdict::Problems;
use crate::field::FieldPath;
use crate::object::Objects;
use crate::spelling;

/// Resolves references to providers.
///
/// A reference into another namespace that is not permitted resolves to a name of its own, `NAMESPACE/OTHER/KEY`, with
/// a broken entry under it. So the target stays in its route with its reason, and no data plane can take the provider
/// itself for it. Names in Kubernetes have no slash: the entry cannot meet a real one.
pub(super) struct Grants<'a> {
    objects: &'a Objects,
    providers: &'a BTreeMap<ObjectName, Access>,
    refused: BTreeMap<ObjectName, String>,
}

impl<'a> Grants<'a> {
    pub(super) fn new(objects: &'a Objects, providers: &'a BTreeMap<ObjectName, Access>) -> Self {
        Self {
            objects,
            providers,
            refused: BTreeMap::new(),
        }
    }

    /// The entry that a reference from namespace `from` leads to. What is wrong with it becomes a problem at `field`.
    pub(super) fn resolve(
        &mut self,
        from: &str,
        key: &ProviderKeyRef,
        field: &FieldPath,
        problems: &mut Problems,
    ) -> ObjectName {
        let provider = ObjectName::new(key.namespace.as_deref().unwrap_or(from), key.name.as_str());
        let field = field.key("providerKey");
        if *provider.namespace != *from && !self.permits(&provider, from) {
            let reason = format!("ProviderKey {provider} does not exist or does not allow namespace {from}");
            problems.broken(Reason::RefNotPermitted, &field, reason.clone());
            let refused = ObjectName::new(from, provider.to_string());
            self.refused.insert(refused.clone(), reason);
            return refused;
        }
        match self.providers.get(&provider) {
            None => problems.broken(Reason::ProviderKeyNotFound, &field, self.missing(&provider)),
            Some(Access::Broken(reason)) => {
                problems.broken(
                    Reason::ProviderKeyBroken,
                    &field,
                    format!("ProviderKey {provider} is broken: {reason}"),
                );
            }
            Some(Access::Ready(_)) => {}
        }
        provider
    }

    /// The same, of a reference to a provider that is to make embeddings.
    pub(super) fn resolve_embedder(
        &mut self,
        from: &str,
        key: &ProviderKeyRef,
        model: &str,
        field: &FieldPath,
        problems: &mut Problems,
    ) -> ObjectName {
        let provider = self.resolve(from, key, field, problems);
        if let Some(Access::Ready(endpoint)) = self.providers.get(&provider)
            && !endpoint.embeds(model)
        {
            let message = format!(
                "ProviderKey {provider} is of {}, which has no API for embeddings: name one that speaks OpenAI's",
                endpoint.vendor.name
            );
            problems.broken(Reason::ProviderKeyUnsuitable, &field.key("providerKey"), message);
        }
        provider
    }

    /// The broken entries of the references that are not permitted.
    pub(super) fn into_refused(self) -> BTreeMap<ObjectName, String> {
        self.refused
    }

    fn missing(&self, wanted: &ObjectName) -> String {
        let near = self
            .providers
            .keys()
            .filter(|name| name.namespace == wanted.namespace);
        let near = spelling::nearest(&wanted.name, near.map(|name| &*name.name));
        match near {
            Some(near) => format!("ProviderKey {wanted} does not exist, did you mean `{near}`?"),
            None => format!("ProviderKey {wanted} does not exist"),
        }
    }

    fn permits(&self, provider: &ObjectName, from: &str) -> bool {
        let allowed = self
            .objects
            .provider_keys
            .get(provider)
            .and_then(|key| key.spec.allowed_namespaces.as_ref());
        let Some(allowed) = allowed else { return false };
        match (allowed.from, &allowed.selector) {
            (NamespacesFrom::All, _) => true,
            (NamespacesFrom::Selector, Some(selector)) => self.matches(selector, from),
            (NamespacesFrom::Same, _) | (NamespacesFrom::Selector, None) => false,
        }
    }

    fn matches(&self, selector: &NamespaceSelector, namespace: &str) -> bool {
        let mut labels = self
            .objects
            .namespaces
            .get(namespace)
            .cloned()
            .unwrap_or_default();
        // An API server sets this label on every namespace; a folder of manifests need not say it.
        labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
        Selector::try_from(label_selector(selector)).is_ok_and(|selector| selector.matches(&labels))
    }
}

/// Checks who a key lets in.
pub(super) fn check(spec: &ProviderKeySpec, problems: &mut Problems) {
    let Some(AllowedNamespaces { from, selector }) = &spec.allowed_namespaces else {
        return;
    };
    let field = FieldPath::spec().key("allowedNamespaces");
    match (from, selector) {
        (NamespacesFrom::Selector, None) => {
            problems.invalid(
                &field.key("selector"),
                "is missing: from: Selector needs the labels that it asks for",
            );
        }
        (NamespacesFrom::Same | NamespacesFrom::All, Some(_)) => {
            problems.invalid(
                &field.key("selector"),
                "has no effect: write from: Selector, or remove it",
            );
        }
        (NamespacesFrom::Selector, Some(selector)) => {
            check_selector(selector, &field.key("selector"), problems);
        }
        (NamespacesFrom::Same | NamespacesFrom::All, None) => {}
    }
}

fn check_selector(selector: &NamespaceSelector, field: &FieldPath, problems: &mut Problems) {
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        problems.invalid(
            field,
            "is empty and would let every namespace in: say so with from: All",
        );
    }
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        let field = field.key("matchExpressions").index(index);
        if expression.key.is_empty() {
            problems.invalid(&field.key("key"), "is empty: write the key of a label");
        }
        let field = field.key("values");
        match (expression.operator, expression.values.is_empty()) {
            (LabelOperator::In | LabelOperator::NotIn, true) => {
                problems.invalid(&field, "is empty: In and NotIn need the values of the label");
            }
            (LabelOperator::Exists | LabelOperator::DoesNotExist, false) => {
                problems.invalid(&field, "has no effect with Exists and DoesNotExist: remove it");
            }
            (LabelOperator::In | LabelOperator::NotIn, false)
            | (LabelOperator::Exists | LabelOperator::DoesNotExist, true) => {}
        }
    }
}

fn label_selector(selector: &NamespaceSelector) -> LabelSelector {
    let expressions = selector
        .match_expressions
        .iter()
        .map(|expression| LabelSelectorRequirement {
            key: expression.key.clone(),
            operator: match expression.operator {
                LabelOperator::In => "In",
                LabelOperator::NotIn => "NotIn",
                LabelOperator::Exists => "Exists",
                LabelOperator::DoesNotExist => "DoesNotExist",
            }
            .to_owned(),
            values: Some(expression.values.clone()),
        });
    LabelSelector {
        match_expressions: Some(expressions.collect()),
        match_labels: Some(selector.match_labels.clone()),
    }
}
