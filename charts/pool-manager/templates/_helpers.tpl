{{/* A flag: "false" in quotes is false, too. Answers "true" or nothing. */}}
{{- define "poolManager.on" -}}
{{- if eq (toString .) "true" -}}true{{- end -}}
{{- end }}

{{/* The text of an environment variable. Numbers of a values file are floats, and 1000000 would be written 1e+06. */}}
{{- define "poolManager.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- printf "%.0f" . -}}{{- else -}}{{- toString . -}}{{- end -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{/* A variable of the ConfigMap as text; nothing where there is none. Takes root and name. */}}
{{- define "poolManager.variable" -}}
{{- include "poolManager.text" (get .root.Values.poolManager.configmap .name) | trim -}}
{{- end }}

{{/* Whether a variable of the ConfigMap is what the service takes for true. Takes root and name. */}}
{{- define "poolManager.isSet" -}}
{{- if has (include "poolManager.variable" . | lower) (list "true" "1") -}}true{{- end -}}
{{- end }}

{{- define "poolManager.name" -}}
{{- default "pool-manager" .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/*
The name of the objects. 52 characters at most: a StatefulSet's pods carry a label made of its name and eleven more. What is
longer ends in a hash, so that two long names stay two.
*/}}
{{- define "poolManager.fullname" -}}
{{- $name := include "poolManager.name" . -}}
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

{{- define "poolManager.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "poolManager.serviceAccountName" -}}
{{- if include "poolManager.on" .Values.serviceAccount.create -}}
{{- default (include "poolManager.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "poolManager.tag" -}}
{{- default .Chart.AppVersion .Values.poolManager.image.tag -}}
{{- end }}

{{- define "poolManager.image" -}}
{{- $image := .Values.poolManager.image -}}
{{- $image.repository }}:{{ include "poolManager.tag" . }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* Labels by which the pods of a component are found; these never change. Takes root and component. */}}
{{- define "poolManager.selectorLabels" -}}
app.kubernetes.io/name: {{ include "poolManager.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end }}

{{/* Labels of every object. Ours are stronger than what values add. Takes root, component and more (a map). */}}
{{- define "poolManager.labels" -}}
{{- $labels := fromYaml (include "poolManager.selectorLabels" .) -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/version" (regexReplaceAll "[^-A-Za-z0-9_.]" (include "poolManager.tag" .root) "-" | trunc 63 | trimAll "-_.") -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- toYaml (merge $labels (default (dict) .more) (default (dict) .root.Values.global.commonLabels)) -}}
{{- end }}

{{/* What every object begins with. Takes root, name, component (not for the service's own) and annotations (a map). */}}
{{- define "poolManager.metadata" -}}
{{- $annotations := merge (dict) (default (dict) .annotations) (default (dict) .root.Values.global.commonAnnotations) -}}
name: {{ .name }}
namespace: {{ include "poolManager.namespace" .root }}
labels:
  {{- include "poolManager.labels" (dict "root" .root "component" (default .root.Values.poolManager.name .component)) | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Which variables the service reads, and where they come from. */}}
{{- define "poolManager.variables" -}}
{{- .Files.Get "files/variables.yaml" -}}
{{- end }}

{{/* The Secret of the service. */}}
{{- define "poolManager.secretName" -}}
{{- $values := .Values.poolManager -}}
{{- $isNamed := or (include "poolManager.on" $values.useExistingSecret) (include "poolManager.on" $values.externalSecret.enabled) -}}
{{- ternary $values.existingSecretName "" (eq $isNamed "true") | default (include "poolManager.fullname" .) -}}
{{- end }}

{{/* Whether there is a Secret of the service: a trial may have none. */}}
{{- define "poolManager.hasSecret" -}}
{{- $service := .Values.poolManager -}}
{{- if or $service.secrets (include "poolManager.on" $service.useExistingSecret) (include "poolManager.on" $service.externalSecret.enabled) -}}true{{- end -}}
{{- end }}

{{/* Whether the service has a Valkey. A Secret that is there is not looked into. */}}
{{- define "poolManager.hasCache" -}}
{{- $service := .Values.poolManager -}}
{{- $given := or $service.valkey.existingSecretName (hasKey $service.secrets "CACHE_ADDRS") (include "poolManager.on" $service.useExistingSecret) -}}
{{- if or $given (not (include "poolManager.acceptsEmbedded" .)) (has "CACHE_ADDRS" $service.externalSecret.variables) -}}true{{- end -}}
{{- range $service.extraEnvVars -}}{{- if eq .name "CACHE_ADDRS" -}}true{{- end -}}{{- end -}}
{{- end }}

{{/* Whether what the service cannot do without may be inside it. */}}
{{- define "poolManager.acceptsEmbedded" -}}
{{- $mode := include "poolManager.variable" (dict "root" . "name" "DEPLOYMENT_MODE") -}}
{{- if or (has $mode (list "" "local")) (include "poolManager.isSet" (dict "root" . "name" "ALLOW_EMBEDDED")) -}}true{{- end -}}
{{- end }}

{{/* Whether records are in MongoDB for sure. A Secret that is there is not looked into. */}}
{{- define "poolManager.knowsStore" -}}
{{- $service := .Values.poolManager -}}
{{- if or (not (include "poolManager.acceptsEmbedded" .)) (include "poolManager.extraStore" .) (hasKey $service.secrets "MONGO_URI") (and (include "poolManager.on" $service.externalSecret.enabled) (has "MONGO_URI" $service.externalSecret.variables)) -}}true{{- end -}}
{{- end }}

{{- define "poolManager.speaksTls" -}}
{{- if or .Values.poolManager.tls.existingSecretName (include "poolManager.variable" (dict "root" . "name" "TLS_CERT_FILE")) -}}true{{- end -}}
{{- end }}

{{- define "poolManager.port" -}}
{{- include "poolManager.variable" (dict "root" . "name" "SERVER_PORT") | default "4003" -}}
{{- end }}

{{- define "poolManager.sendsTelemetry" -}}
{{- include "poolManager.isSet" (dict "root" . "name" "ENABLE_TELEMETRY") -}}
{{- end }}

{{- define "poolManager.imagePullSecrets" -}}
{{- with concat (default (list) .Values.global.imagePullSecrets) .Values.poolManager.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* The service name in telemetry, for a regular expression. */}}
{{- define "poolManager.telemetryName" -}}
{{- $name := include "poolManager.variable" (dict "root" . "name" "OTEL_RESOURCE_SERVICE_NAME") | default "pool-manager" -}}
{{- regexReplaceAll "[^-A-Za-z0-9_/]" $name "." -}}
{{- end }}

{{/* The entry of extraEnvVars that says where records are, as YAML; nothing where there is none. */}}
{{- define "poolManager.extraStore" -}}
{{- range .Values.poolManager.extraEnvVars -}}
{{- if eq .name "MONGO_URI" -}}{{- toYaml (list .) -}}{{- end -}}
{{- end -}}
{{- end }}
