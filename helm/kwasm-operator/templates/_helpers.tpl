{{/*
Names and labels: exactly KWasm's 0.2.3, because a Deployment's selector cannot be changed and `helm upgrade` finds objects by name.
*/}}
{{- define "kwasm-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "kwasm-operator.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "kwasm-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kwasm-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "kwasm-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kwasm-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* "true" unless somebody says otherwise. */}}
{{- define "kwasm-operator.createsServiceAccount" -}}
{{- ne "false" (toString (.Values.serviceAccount).create) -}}
{{- end }}

{{- define "kwasm-operator.serviceAccountName" -}}
{{- $own := eq "true" (include "kwasm-operator.createsServiceAccount" .) | ternary (include "kwasm-operator.fullname" .) "default" -}}
{{- (.Values.serviceAccount).name | default $own -}}
{{- end }}

{{/*
The chart's defaults with a person's keys over them; `merge` and `mergeOverwrite` take an explicit false for an absent key.
Call with (list defaults given), given may be nil.
*/}}
{{- define "kwasm-operator.over" -}}
{{- $result := index . 0 -}}
{{- range $key, $value := index . 1 | default dict -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- toYaml $result -}}
{{- end }}

{{/*
Never an old and a new operator side by side. Helm 4 applies on the server, and there a Deployment that was made without a strategy, as
KWasm's was, cannot be given Recreate: the API server refuses the rollingUpdate that it had filled in itself (helm/helm#5144). The
next best ends the old pod first, too.
*/}}
{{- define "kwasm-operator.strategy" -}}
{{- /* Replicas agree on one leader, so they may be replaced one by one. */ -}}
{{- if gt (int .Values.replicaCount) 1 -}}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxSurge: 0
    maxUnavailable: 1
{{- else -}}
{{- include "kwasm-operator.alone" . -}}
{{- end -}}
{{- end }}

{{- define "kwasm-operator.alone" -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace (include "kwasm-operator.fullname" .) | default dict -}}
{{- $rolling := dig "spec" "strategy" "rollingUpdate" "" $live -}}
{{- if and $rolling (semverCompare ">=4.0.0-0" .Capabilities.HelmVersion.Version) -}}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxSurge: 0
    maxUnavailable: 1
{{- else -}}
strategy:
  type: Recreate
{{- end -}}
{{- end }}

{{/* Replicas on nodes, and where there are zones in zones, of their own: preferred, so that a small cluster still runs them. */}}
{{- define "kwasm-operator.affinity" -}}
{{- if .Values.affinity -}}
{{- toYaml .Values.affinity -}}
{{- else if gt (int .Values.replicaCount) 1 -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    {{- range $key, $weight := dict "kubernetes.io/hostname" 100 "topology.kubernetes.io/zone" 50 }}
    - weight: {{ $weight }}
      podAffinityTerm:
        topologyKey: {{ $key }}
        labelSelector:
          matchLabels:
            {{- include "kwasm-operator.selectorLabels" $ | nindent 12 }}
    {{- end }}
{{- end -}}
{{- end }}

{{- define "kwasm-operator.cleanupName" -}}
{{- printf "%s-cleanup" (include "kwasm-operator.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end }}

{{- define "kwasm-operator.cleanupHook" }}
  annotations:
    helm.sh/hook: pre-delete
    helm.sh/hook-weight: {{ .weight | quote }}
    helm.sh/hook-delete-policy: {{ .policy }}
{{- end }}

{{/* Whether the operator looks after WasmModules. */}}
{{- define "kwasm-operator.modules" -}}
{{- (.Values.wasmModules).enabled | default false | toString -}}
{{- end }}
