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
app.kubernetes.io/version: {{ include "mia.version" . | quote }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Labels of a service's pods. Flagger renames `app` in its primary and keeps the others: policies select by those. */ -}}
{{- define "mia.podLabels" -}}
app: {{ .service.kubernetesName }}
mias.io/service: {{ .service.kubernetesName }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ include "mia.version" . | quote }}
{{- end }}

{{- /* The image of one service: by its digest where there is one. Arguments: root, service. */ -}}
{{- define "mia.image" -}}
{{- $own := .service.image | default dict -}}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}{{ .service.kubernetesName }}
{{- if $own.digest }}@{{ $own.digest }}{{ else }}:{{ $own.tag | default .root.Values.global.imageTag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* What a service's labels call its version: its own image's. With the chart's, each release would restart all four. */ -}}
{{- define "mia.version" -}}
{{- $own := .service.image | default dict -}}
{{- $own.tag | default ($own.digest | default "" | replace ":" "-" | trunc 19) | default .root.Values.global.imageTag | default .root.Chart.AppVersion -}}
{{- end }}

{{- define "mia.testServiceAccount" -}}{{ .Chart.Name }}-test{{- end }}

{{- /* Who may be told by a certificate of the mesh. Arguments: root, namespace, account. */ -}}
{{- define "mia.principal" -}}
{{ .root.Values.istio.trustDomain }}/ns/{{ .namespace }}/sa/{{ .account }}
{{- end }}
