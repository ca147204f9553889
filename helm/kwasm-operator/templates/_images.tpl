{{/*
Which images a release runs. `helm upgrade --reuse-values` from KWasm's 0.2.3 brings that chart's values, defaults included, and
none of the keys added since: so every new key may be absent here, and the references of the archived images are recognised.
*/}}

{{/* The registry, checked; empty if there is none. */}}
{{- define "kwasm-operator.registry" -}}
{{- $registry := .Values.imageRegistry | default "" -}}
{{- if not (regexMatch "^([a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)?$" $registry) -}}
{{- fail (printf "imageRegistry %q is no registry: write HOST[:PORT][/PATH] without a scheme and without a slash at the end, e.g. registry.example.com:5000/kwasm" $registry) -}}
{{- end -}}
{{- $registry -}}
{{- end }}

{{- define "kwasm-operator.noRegistry" -}}
{{- fail (printf "No registry to pull %s from: the images are not published yet. Build and push them with `npm run images -- --push REGISTRY`, then add what it prints, --set imageRegistry=REGISTRY and --set image.tag=TAG (a full reference in %s overrides them)" (index . 0) (index . 1)) -}}
{{- end }}

{{/* Tag of our images. KWasm tagged its operator `kwasm-operator-0.2.2`; no image of ours has such a tag. May end in a digest. */}}
{{- define "kwasm-operator.tag" -}}
{{- $tag := (.Values.image).tag | default "" | toString -}}
{{- hasPrefix "kwasm-operator-" $tag | ternary "" $tag | default .Chart.AppVersion -}}
{{- end }}

{{/*
KWasm's own repository is replaced: its operator cannot read this chart's configuration. A repository that somebody chose is kept,
but not with KWasm's tag: that is a mirror of the archived operator, and only its owner knows where ours lies in it.
*/}}
{{- define "kwasm-operator.image" -}}
{{- $repository := (.Values.image).repository | default "" -}}
{{- if not (has $repository (list "" "ghcr.io/kwasm/kwasm-operator")) -}}
{{- if hasPrefix "kwasm-operator-" ((.Values.image).tag | default "" | toString) -}}
{{- fail (printf "image.tag %q with image.repository %q names the archived KWasm operator, which this chart cannot run: add --set image.repository= --set image.tag= --set imageRegistry=REGISTRY, or set both to the image you pushed" .Values.image.tag $repository) -}}
{{- end -}}
{{- printf "%s:%s" $repository (include "kwasm-operator.tag" .) -}}
{{- else -}}
{{- $registry := include "kwasm-operator.registry" . -}}
{{- if not $registry -}}{{- include "kwasm-operator.noRegistry" (list "the operator" "image.repository") -}}{{- end -}}
{{- printf "%s/kwasm-operator:%s" $registry (include "kwasm-operator.tag" .) -}}
{{- end -}}
{{- end }}

{{/* The installer a person asked for; empty if none. KWasm's default, or its moving tags, are no choice of a version. */}}
{{- define "kwasm-operator.chosenInstaller" -}}
{{- $image := (.Values.kwasmOperator).installerImage | default "" -}}
{{- regexMatch "^ghcr[.]io/kwasm/kwasm-node-installer(:main|:latest)?$" $image | ternary "" $image -}}
{{- end }}

{{/* Our own installer: it removes what was installed and guards other people's installers, so it is needed beside those, too. */}}
{{- define "kwasm-operator.ownInstaller" -}}
{{- $registry := include "kwasm-operator.registry" . -}}
{{- $chosen := include "kwasm-operator.chosenInstaller" . -}}
{{- $looksOurs := and (regexMatch "/kwasm-node-installer([:@][^/]*)?$" $chosen) (not (hasPrefix "ghcr.io/kwasm/" $chosen)) -}}
{{- if ((.Values.kwasmOperator).installer).image -}}
{{- .Values.kwasmOperator.installer.image -}}
{{- else if $registry -}}
{{- printf "%s/kwasm-node-installer:%s" $registry (include "kwasm-operator.tag" . | splitList "@" | first) -}}
{{- else if $looksOurs -}}
{{- $chosen -}}
{{- else -}}
{{- include "kwasm-operator.noRegistry" (list "our installer" "kwasmOperator.installer.image") -}}
{{- end -}}
{{- end }}

{{- define "kwasm-operator.installerImage" -}}
{{- include "kwasm-operator.chosenInstaller" . | default (include "kwasm-operator.ownInstaller" .) -}}
{{- end }}

{{/* Beside the operator's; of another repository nobody knows where the runner lies. */}}
{{- define "kwasm-operator.runnerImage" -}}
{{- $registry := include "kwasm-operator.registry" . -}}
{{- if ((.Values.wasmModules).runner).image -}}
{{- .Values.wasmModules.runner.image -}}
{{- else if $registry -}}
{{- printf "%s/kwasm-runner:%s" $registry (include "kwasm-operator.tag" . | splitList "@" | first) -}}
{{- else -}}
{{- include "kwasm-operator.noRegistry" (list "the runner of WasmModules" "wasmModules.runner.image") -}}
{{- end -}}
{{- end }}

{{/* Says which of KWasm's references were replaced; empty if none. */}}
{{- define "kwasm-operator.replaced" -}}
{{- $replaced := list -}}
{{- if eq "ghcr.io/kwasm/kwasm-operator" ((.Values.image).repository | default "") -}}
{{- $replaced = append $replaced "image.repository" -}}
{{- end -}}
{{- if hasPrefix "kwasm-operator-" ((.Values.image).tag | default "" | toString) -}}
{{- $replaced = append $replaced "image.tag" -}}
{{- end -}}
{{- if and ((.Values.kwasmOperator).installerImage) (not (include "kwasm-operator.chosenInstaller" .)) -}}
{{- $replaced = append $replaced "kwasmOperator.installerImage" -}}
{{- end -}}
{{- if $replaced -}}
{{- printf "%s named software that is archived; %s and %s run instead." (join ", " $replaced) (include "kwasm-operator.image" .) (include "kwasm-operator.installerImage" .) -}}
{{- end -}}
{{- end }}
