{{- /* The services with the defaults filled in, block by block; sprig's merge would drop a service's `false` and `0`. */ -}}
{{- define "mia.services" -}}
{{- range $name, $given := .Values.services }}
{{- $service := deepCopy $given }}
{{- range $block, $default := $.Values.defaults }}
{{- if not (hasKey $service $block) }}{{ $_ := set $service $block $default }}{{ end }}
{{- end }}
{{- $_ := set $service "name" $name }}
{{ $name }}:
  {{- toYaml $service | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Labels of everything that belongs to one service. Arguments: root, service. Flux adds the commit to the version
       after a `+`, which no label may have. */ -}}
{{- define "mia.labels" -}}
app.kubernetes.io/name: {{ .service.kubernetesName }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Labels of a service's pods. Flagger renames `app` in its primary and keeps the others: policies select by those. */ -}}
{{- define "mia.podLabels" -}}
app: {{ .service.kubernetesName }}
mias.io/service: {{ .service.kubernetesName }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "mia.image" -}}
{{- $registry := .root.Values.global.imageRegistry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .service.kubernetesName }}:{{ .root.Values.global.imageTag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "mia.testServiceAccount" -}}{{ .Chart.Name }}-test{{- end }}

{{- /* Who may be told by a certificate of the mesh. Arguments: root, namespace, account. */ -}}
{{- define "mia.principal" -}}
{{ .root.Values.istio.trustDomain }}/ns/{{ .namespace }}/sa/{{ .account }}
{{- end }}
