{{/*
The operator's configuration file. Keys that are absent from the values (an upgrade with --reuse-values) stay absent here: the
operator's own defaults are the same as those of values.yaml.
*/}}
{{- define "kwasm-operator.config" -}}
{{- $given := .Values.kwasmOperator | default dict -}}
{{- $installer := deepCopy ($given.installer | default dict) -}}
{{- $_ := set $installer "image" (include "kwasm-operator.ownInstaller" .) -}}
{{- if not $installer.imagePullSecrets -}}
{{- $_ := set $installer "imagePullSecrets" (.Values.imagePullSecrets | default list) -}}
{{- end -}}
{{- /* 480: the longest that the installer chooses by itself */ -}}
{{- $switch := $installer.switchSeconds | default 480 | int -}}
{{- $deadline := $installer.deadlineSeconds | default 900 | int -}}
{{- if le $deadline $switch -}}
{{- fail (printf "kwasmOperator.installer.deadlineSeconds (%d) must be larger than switchSeconds (%d): a Job that ends before the node has decided cannot tell what it decided" $deadline $switch) -}}
{{- end -}}
{{- $pools := dict -}}
{{- range ($given.rollout).pools -}}
{{- if hasKey $pools .name -}}{{- fail (printf "kwasmOperator.rollout.pools names %q twice" .name) -}}{{- end -}}
{{- $_ := set $pools .name true -}}
{{- end -}}
{{- $config := dict "installer" $installer "runtimeClasses" (include "kwasm-operator.runtimeClasses" . | fromYamlArray) -}}
{{- if ne "jobs" (include "kwasm-operator.mode" .) -}}{{- $_ := set $config "mode" $given.mode -}}{{- end -}}
{{- range $part := list "uninstall" "rollout" "drift" "canary" -}}
{{- $set := dict -}}
{{- /* Helm 3 hands a null on, Helm 4 does not. */ -}}
{{- range $key, $value := index $given $part -}}{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $set $key $value -}}{{- end -}}{{- end -}}
{{- if $set -}}{{- $_ := set $config $part $set -}}{{- end -}}
{{- end -}}
{{- if eq "true" (include "kwasm-operator.modules" .) -}}
{{- $modules := dict -}}
{{- range $key := list "runtimeClass" "clusterDomain" -}}{{- with index $.Values.wasmModules $key -}}{{- $_ := set $modules $key . -}}{{- end -}}{{- end -}}
{{- $runner := .Values.wasmModules.runner | default dict -}}
{{- if $runner.enabled -}}
{{- $_ := set $modules "runner" (dict "image" (include "kwasm-operator.runnerImage" .) "insecureRegistries" ($runner.insecureRegistries | default list)) -}}
{{- end -}}
{{- $_ := set $config "wasmModules" $modules -}}
{{- end -}}
{{- if hasKey $given "shims" -}}{{- $_ := set $config "shims" ($given.shims | default list) -}}{{- end -}}
{{- if $given.startupTaint -}}{{- $_ := set $config "startupTaint" $given.startupTaint -}}{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{- define "kwasm-operator.runtimeClasses" -}}
{{- $given := .Values.kwasmOperator | default dict -}}
{{- $classes := hasKey $given "runtimeClasses" | ternary $given.runtimeClasses (list (dict "name" "wasmtime" "handler" "wasmtime")) | default list -}}
{{- $seen := dict -}}
{{- range $classes -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "kwasmOperator.runtimeClasses names %q twice: a RuntimeClass has one handler" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- toYaml $classes -}}
{{- end }}

{{/* KWasm's values files have it as a bool and as a string. */}}
{{- define "kwasm-operator.autoProvision" -}}
{{- $given := (.Values.kwasmOperator).autoProvision | default "false" | toString | lower -}}
{{- if not (has $given (list "true" "false")) -}}
{{- fail (printf "kwasmOperator.autoProvision %q: write true or false" .Values.kwasmOperator.autoProvision) -}}
{{- end -}}
{{- $given -}}
{{- end }}
