{{- /* Peers of one egress rule; none given means anywhere. */ -}}
{{- define "mia.peers" -}}
{{- if . -}}
to:
  {{- toYaml . | nindent 2 }}
{{- else -}}
to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: "::/0"}}]
{{- end }}
{{- end }}

{{- define "mia.nameEgress" -}}
- to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end }}

{{- /* Names, and with Istio the control plane, from which the sidecar has its certificate and its routes. */ -}}
{{- define "mia.meshEgress" -}}
{{ include "mia.nameEgress" . }}
{{- if .Values.istio.enabled }}
- to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .Values.istio.namespace }}}}
  ports: [{protocol: TCP, port: 15012}]
{{- end }}
{{- end }}

{{- define "mia.databaseEgress" -}}
- {{- include "mia.peers" .Values.database.peers | nindent 2 }}
  ports: [{protocol: TCP, port: {{ .Values.database.port | int }}}]
{{- end }}
