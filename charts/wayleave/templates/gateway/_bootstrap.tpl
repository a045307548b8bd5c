{{/* Envoy's configuration. */}}
{{- define "wayleave.bootstrap" -}}
{{- default (.Files.Get "files/envoy.json") .Values.gateway.envoy.bootstrap -}}
{{- end -}}
