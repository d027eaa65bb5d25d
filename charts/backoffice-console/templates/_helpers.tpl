{{/* A flag: "false" in quotes is false, too. Answers "true" or nothing. */}}
{{- define "backofficeConsole.on" -}}
{{- if eq (toString .) "true" -}}true{{- end -}}
{{- end }}

{{/* The text of an environment variable. Numbers of a values file are floats, and 1000000 would be written 1e+06. */}}
{{- define "backofficeConsole.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- printf "%.0f" . -}}{{- else -}}{{- toString . -}}{{- end -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{/* A variable of the ConfigMap as text; nothing where there is none. Takes root and name. */}}
{{- define "backofficeConsole.variable" -}}
{{- include "backofficeConsole.text" (get .root.Values.backofficeConsole.configmap .name) | trim -}}
{{- end }}

{{- define "backofficeConsole.name" -}}
{{- default "backoffice-console" .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/*
The name of the objects, 52 characters at most. What is longer ends in a hash, so that two long names stay two.
*/}}
{{- define "backofficeConsole.fullname" -}}
{{- $name := include "backofficeConsole.name" . -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $full = ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- end -}}
{{- if gt (len $full) 52 -}}
{{- printf "%s-%s" ($full | trunc 43 | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- else -}}
{{- $full -}}
{{- end -}}
{{- end }}

{{- define "backofficeConsole.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "backofficeConsole.serviceAccountName" -}}
{{- if include "backofficeConsole.on" .Values.serviceAccount.create -}}
{{- default (include "backofficeConsole.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "backofficeConsole.tag" -}}
{{- default .Chart.AppVersion .Values.backofficeConsole.image.tag -}}
{{- end }}

{{- define "backofficeConsole.image" -}}
{{- $image := .Values.backofficeConsole.image -}}
{{- $image.repository }}:{{ include "backofficeConsole.tag" . }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* Labels by which the pods of a component are found; these never change. Takes root and component. */}}
{{- define "backofficeConsole.selectorLabels" -}}
app.kubernetes.io/name: {{ include "backofficeConsole.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}

{{/* Labels of every object. Ours are stronger than what values add. Takes root, component and more (a map). */}}
{{- define "backofficeConsole.labels" -}}
{{- $labels := fromYaml (include "backofficeConsole.selectorLabels" .) -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" (regexReplaceAll "[^-A-Za-z0-9_.]" (include "backofficeConsole.tag" .root) "-" | trunc 63 | trimAll "-_.") -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- toYaml (merge $labels (default (dict) .more) (default (dict) .root.Values.global.commonLabels)) -}}
{{- end }}

{{/* What every object begins with. Takes root, name, component (not for the console's own) and annotations (a map). */}}
{{- define "backofficeConsole.metadata" -}}
{{- $annotations := merge (dict) (default (dict) .annotations) (default (dict) .root.Values.global.commonAnnotations) -}}
name: {{ .name }}
namespace: {{ include "backofficeConsole.namespace" .root }}
labels:
  {{- include "backofficeConsole.labels" (dict "root" .root "component" (default .root.Values.backofficeConsole.name .component)) | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The Secret of the console. */}}
{{- define "backofficeConsole.secretName" -}}
{{- $values := .Values.backofficeConsole -}}
{{- $isNamed := or (include "backofficeConsole.on" $values.useExistingSecret) (include "backofficeConsole.on" $values.externalSecret.enabled) -}}
{{- ternary $values.existingSecretName "" (eq $isNamed "true") | default (include "backofficeConsole.fullname" .) -}}
{{- end }}

{{- define "backofficeConsole.port" -}}
{{- include "backofficeConsole.variable" (dict "root" . "name" "PORT") | default "3000" -}}
{{- end }}

{{- define "backofficeConsole.imagePullSecrets" -}}
{{- with concat (default (list) .Values.global.imagePullSecrets) .Values.backofficeConsole.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}
