{{/* What all objects' names begin with. Short enough for every ending. */}}
{{- define "wayleave.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The labels by which a component's pods are found. They never change. Takes (dict "root" $ "component" "gateway"). */}}
{{- define "wayleave.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The labels of an object. */}}
{{- define "wayleave.labels" -}}
{{ include "wayleave.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: wayleave
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* An object's metadata. Takes also "name", and where needed "namespace" ("" for none), "labels" and "annotations". */}}
{{- define "wayleave.metadata" -}}
metadata:
  name: {{ .name }}
  {{- $namespace := ternary .namespace .root.Release.Namespace (hasKey . "namespace") }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "wayleave.labels" . | nindent 4 }}
    {{- with .labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The name of a component's ServiceAccount. */}}
{{- define "wayleave.serviceAccount" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- $own := printf "%s-%s" (include "wayleave.fullname" .root) .component -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- fail (printf "%s.serviceAccount.create is false: give the name of the one to use in %s.serviceAccount.name" .component .component) -}}
{{- end -}}
{{- default $own $account.name -}}
{{- end -}}

{{/* A Service's name as certificates have it. Takes (dict "root" $ "name" "config"). */}}
{{- define "wayleave.host" -}}
{{ include "wayleave.fullname" .root }}-{{ .name }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{/* Whether the processor listens for other gateways: "true" or nothing. */}}
{{- define "wayleave.attached" -}}
{{- if or .Values.attach.envoyGateway.enabled .Values.attach.istio.enabled -}}true{{- end -}}
{{- end -}}

{{/* The LLM paths, out of the bootstrap that the program has made: regular expressions, as a JSON array. */}}
{{- define "wayleave.paths" -}}
{{- $bootstrap := .Files.Get "files/envoy.json" | fromJson -}}
{{- $listener := first $bootstrap.static_resources.listeners -}}
{{- $manager := (first (first $listener.filter_chains).filters).typed_config -}}
{{- $paths := list -}}
{{- range (first $manager.route_config.virtual_hosts).routes -}}
{{- with .match.safe_regex -}}
{{- $paths = append $paths .regex -}}
{{- end -}}
{{- end -}}
{{- toJson $paths -}}
{{- end -}}
