{{- define "kwasm-operator.mode" -}}
{{- (.Values.kwasmOperator).mode | default "jobs" -}}
{{- end }}

{{- define "kwasm-operator.agentName" -}}
{{- include "kwasm-operator.fullname" . | trunc 57 | trimSuffix "-" -}}-agent
{{- end }}

{{/* Names of the Leases that are the slots, separated by commas. */}}
{{- define "kwasm-operator.slots" -}}
{{- $name := include "kwasm-operator.agentName" . -}}
{{- $slots := list -}}
{{- range $index := until (((.Values.kwasmOperator).daemonset).slots | default 1 | int) -}}
{{- $slots = append $slots (printf "%s-slot-%d" $name $index) -}}
{{- end -}}
{{- join "," $slots -}}
{{- end }}

{{/* Not the operator's: its Service must not send traffic to them. */}}
{{- define "kwasm-operator.agentSelector" -}}
app.kubernetes.io/name: kwasm-agent
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "kwasm-operator.agentLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "kwasm-operator.agentSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The DaemonSet's controller adds those of a node in trouble by itself. */}}
{{- define "kwasm-operator.agentTolerations" -}}
{{- $given := .Values.kwasmOperator | default dict -}}
{{- $startup := hasKey ($given.rollout | default dict) "startupTaints" | ternary ($given.rollout).startupTaints (list "kwasm.sh/not-ready") | default list -}}
{{- if $given.startupTaint -}}{{- $startup = append $startup $given.startupTaint | uniq -}}{{- end -}}
{{- $tolerations := list -}}
{{- range concat (list "node-role.kubernetes.io/control-plane" "node-role.kubernetes.io/master" "node.kubernetes.io/network-unavailable") $startup -}}
{{- $tolerations = append $tolerations (dict "key" . "operator" "Exists") -}}
{{- end -}}
{{- toYaml (concat $tolerations (($given.installer).tolerations | default list)) -}}
{{- end }}
