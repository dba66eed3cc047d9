{{- /* What KEDA asks Prometheus, by trigger. The outbox is the database's: every pod counts the same rows. Arguments: root, service, workload. */ -}}
{{- define "mia.scalingQueries" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if .service.callsGateway }}
outbox: max(outbox_pending{namespace="{{ $namespace }}",pod=~"{{ .service.kubernetesName }}-.+"})
{{- end }}
requests: sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="{{ $namespace }}",destination_workload="{{ .workload }}"}[2m]))
{{- end }}

{{- /* Address of the pods under trial. Arguments: root, service. */ -}}
{{- define "mia.canaryAddress" -}}
http://{{ .service.kubernetesName }}-canary.{{ .root.Release.Namespace }}:{{ .service.port | int }}
{{- end }}

{{- /* Workloads whose dead letters tell of a service, as alternatives of a pattern: itself, where it hands on, and whoever hands
       over to it. Arguments: root, service. */ -}}
{{- define "mia.senders" -}}
{{- $senders := ternary (list .service.kubernetesName) list .service.callsGateway -}}
{{- with .service.takesResultsOf }}{{ $senders = append $senders (get $.root.Values.services .).kubernetesName }}{{ end -}}
{{- join "|" $senders -}}
{{- end }}

{{- /* How a service is called, whoever makes the DestinationRule: the chart, or Flagger from the Canary. */ -}}
{{- define "mia.trafficPolicy" -}}
tls: {mode: ISTIO_MUTUAL}
connectionPool: {http: {http1MaxPendingRequests: 256, http2MaxRequests: 1024, maxRetries: 8}}
outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50}
{{- end }}

{{- /* How requests reach the pods under trial, of which Flagger can do one thing at a time. Arguments: root, service. */ -}}
{{- define "mia.traffic" -}}
{{- $traffic := .service.traffic -}}
{{- $place := printf "traffic of %s" .service.name -}}
{{- if gt (len $traffic) 1 }}
{{- fail (printf "%s: %s exclude each other, choose one" $place (keys $traffic | sortAlpha | join " and ")) }}
{{- end }}
{{- if and $traffic.abTest (eq .root.Values.flagger.gate "traffic-increase") }}
{{- fail (printf "%s: abTest increases no traffic, so that Flagger never asks the gate traffic-increase: choose rollout, promotion or none" $place) }}
{{- end }}
{{- with $traffic.sessionAffinity }}
{{- if eq .cookieName (.primaryCookieName | default "") }}
{{- fail (printf "%s: cookieName and primaryCookieName are both %s, and Flagger tells the two by their names" $place .cookieName) }}
{{- end }}
{{- end }}
{{- toYaml $traffic }}
{{- end }}
