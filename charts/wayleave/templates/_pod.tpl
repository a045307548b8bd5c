{{/* An image's reference. Takes (dict "image" .Values.image "tag" "the tag if none is given"). */}}
{{- define "wayleave.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .tag .image.tag }}
{{- end -}}
{{- end -}}

{{/* The metadata of a component's pods. Takes "root", "component" and "annotations". */}}
{{- define "wayleave.podMetadata" -}}
{{- $values := index .root.Values .component -}}
metadata:
  labels:
    {{- /* Without the versions: an upgrade that changes nothing of the pods does not restart them. */}}
    {{- include "wayleave.selector" . | nindent 4 }}
    app.kubernetes.io/part-of: wayleave
    {{- with merge (dict) $values.podLabels .root.Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: wayleave
    {{- with merge (dict) $values.podAnnotations (default (dict) .annotations) .root.Values.commonAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* What the pods of both components have alike. */}}
{{- define "wayleave.podSpec" -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ include "wayleave.serviceAccount" . }}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ omit . "labelSelector" | toYaml | nindent 4 | trim }}
    labelSelector:
      {{- if .labelSelector }}
      {{- toYaml .labelSelector | nindent 6 }}
      {{- else }}
      matchLabels:
        {{- include "wayleave.selector" $ | nindent 8 }}
      {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The program's container up to its arguments, and its log. */}}
{{- define "wayleave.container" -}}
name: wayleave
image: {{ include "wayleave.image" (dict "image" .root.Values.image "tag" .root.Chart.AppVersion) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- with .root.Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (index .root.Values .component).resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
command: [/usr/local/bin/wayleave]
{{- end -}}

{{/* The variables that both components have, and those of the values. */}}
{{- define "wayleave.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: RUST_LOG
  value: {{ .root.Values.log.filter | quote }}
- name: WAYLEAVE_LOG_FORMAT
  value: {{ .root.Values.log.format }}
{{- with (index .root.Values .component).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A PodDisruptionBudget of a component, where more than one pod is sure: else no node could be drained. */}}
{{- define "wayleave.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "wayleave.metadata" (merge (dict "name" (printf "%s-%s" (include "wayleave.fullname" .root) .component)) .) }}
spec:
  minAvailable: {{ (index .root.Values .component).podDisruptionBudget.minAvailable }}
  # A pod that is not ready protects nobody: it does not hold up the drain of a node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "wayleave.selector" . | nindent 6 }}
{{- end -}}

{{/* A ServiceAccount of a component. */}}
{{- define "wayleave.serviceAccountObject" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
apiVersion: v1
kind: ServiceAccount
{{ include "wayleave.metadata" (merge (dict "name" (include "wayleave.serviceAccount" .) "annotations" $account.annotations) .) }}
# The pods say whether they want its token.
automountServiceAccountToken: false
{{- end -}}
