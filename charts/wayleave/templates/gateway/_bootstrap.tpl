{{/* Envoy's configuration. */}}
{{- define "wayleave.bootstrap" -}}
{{- $file := ternary "files/envoy-http.json" "files/envoy.json" (eq .Values.gateway.envoy.adaptor "Http") -}}
{{- default (.Files.Get $file) .Values.gateway.envoy.bootstrap -}}
{{- end -}}
