{{- /* Pod Security "restricted", for every pod of this chart. */ -}}
{{- define "mia.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mia.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The settings of one service that are no secret, as they stand in its ConfigMap. */ -}}
{{- define "mia.settings" -}}
{{- $root := .root -}}
{{- $own := dict "ENVIRONMENT" $root.Values.global.environment "GATEWAY_URL" $root.Values.gateway.url "LOG_FORMAT" "json" -}}
{{- $_ := set $own "DATABASE_SSL_MODE" $root.Values.database.sslMode -}}
{{- $_ := set $own .service.databaseSetting .service.databaseName -}}
{{- if $root.Values.redis.enabled }}{{ $_ := set $own "REDIS_TLS" $root.Values.redis.tls }}{{ end -}}
{{- with $root.Values.tracing.endpoint }}{{ $_ := set $own "OTEL_EXPORTER_OTLP_ENDPOINT" . }}{{ end -}}
{{- /* Flagger can show no key; its sidecar's certificate names it, and so does the AuthorizationPolicy. */ -}}
{{- if and $root.Values.flagger.enabled (eq .service.prefix "/alerts") -}}
{{- $flagger := dict "root" $root "namespace" ($root.Values.flagger.namespace | default "flagger-system") "account" ($root.Values.flagger.serviceAccount | default "flagger") -}}
{{- $_ := set $own "MESH_PRINCIPALS" (list (printf "spiffe://%s" (include "mia.principal" $flagger)) | toJson) -}}
{{- end -}}
{{- range $key, $value := $root.Values.global.config }}{{ $_ := set $own $key (toString $value) }}{{ end -}}
{{- range $key, $value := .service.config }}{{ $_ := set $own $key (toString $value) }}{{ end -}}
{{- toYaml $own }}
{{- end }}

{{- /* Where PostgreSQL is; the password is a file, so that no environment shows it. */ -}}
{{- define "mia.databaseEnvironment" -}}
{{- range $setting, $key := dict "DATABASE_HOST" "host" "DATABASE_PORT" "port" "DATABASE_USERNAME" "username" }}
- name: {{ $setting }}
  valueFrom: {secretKeyRef: {name: {{ $.Values.database.secretName }}, key: {{ $key }}}}
{{- end }}
- name: DATABASE_PASSWORD_FILE
  value: /etc/mia/secrets/database_password
{{- end }}

{{- define "mia.databaseFiles" -}}
- secret:
    name: {{ .Values.database.secretName }}
    items: [{key: password, path: database_password}]
{{- end }}

{{- define "mia.serviceTokenFiles" -}}
- secret:
    name: {{ .Values.serviceToken.secretName }}
    items: [{key: secret, path: service_token_secret}]
{{- end }}

{{- define "mia.secretsKeyFiles" -}}
- secret:
    name: {{ .Values.secretsKey.secretName }}
    items: [{key: keys, path: secrets_key}]
{{- end }}

{{- define "mia.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: secrets, mountPath: /etc/mia/secrets, readOnly: true}
{{- end }}

{{- define "mia.tmp" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end }}
