{{/* What the operator needs in every namespace that it watches. */}}
{{- define "wayleave.watchRules" -}}
- apiGroups: [wayleave.dev]
  resources: [llmroutes, providerkeys, cachepolicies]
  verbs: [get, list, watch]
# By server-side apply, which is a patch.
- apiGroups: [wayleave.dev]
  resources: [llmroutes/status, providerkeys/status, cachepolicies/status]
  verbs: [patch]
# What ProviderKeys refer to.
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
