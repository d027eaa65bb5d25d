{{/*
What must be refused before it reaches a cluster, one sentence a line: which value, why, and what would be right. The service says
the same of its environment at its start (exit code 64), when it is too late for a roll-out.
*/}}
{{- define "poolManager.faults" -}}
{{- $faults := list -}}
{{- range $part := list "Places" "Configmap" "Required" "Secrets" "Extra" "Telemetry" "Pods" "Edge" "Objects" -}}
{{- with include (printf "poolManager.faults%s" $part) $ | trim -}}
{{- $faults = append $faults . -}}
{{- end -}}
{{- end -}}
{{- join "\n" $faults -}}
{{- end }}

{{- define "poolManager.faultsPlaces" }}
{{- range $place, $values := dict "" .Values "poolManager." .Values.poolManager }}
{{- if hasKey $values "env" }}
{{ $place }}env: this chart has no such value; write what is no secret in poolManager.configmap, what is one in the Secret, and no variable that the Secret gives: blank in `env` it would be stronger than the Secret
{{- end }}
{{- if hasKey $values "envFrom" }}
{{ $place }}envFrom: this chart has no such value; name the Secret of Valkey in poolManager.valkey.existingSecretName (valkey-credentials is the default) and that of the service in poolManager.existingSecretName, with poolManager.useExistingSecret: true
{{- end }}
{{- end }}
{{- end }}

{{- define "poolManager.faultsConfigmap" }}
{{- $kinds := fromYaml (include "poolManager.variables" .) }}
{{- range $name, $value := .Values.poolManager.configmap }}
{{- $place := printf "poolManager.configmap.%s" $name }}
{{- $kind := get $kinds $name }}
{{- if kindIs "invalid" $value }}
{{- else if not $kind }}
{{ $place }}: the service has no variable of this name; see docs/CONFIGURATION.md for the right one, or write it in poolManager.extraEnvVars if it is for a library
{{- else if eq $kind "legacy" }}
{{ $place }}: an old name; write CACHE_* in its place (docs/UPGRADE-1.0.md has both)
{{- else if eq $kind "secret" }}
{{ $place }}: is a secret, and everybody who may list ConfigMaps would read it; write it in the Secret that poolManager.existingSecretName names
{{- else if eq $kind "valkey" }}
{{ $place }}: comes from the Secret of Valkey (poolManager.valkey.existingSecretName); remove it here{{ if not (include "poolManager.text" $value | trim) }}: a blank would be taken for the value where the Secret has none{{ end }}
{{- else if ne $kind "plain" }}
{{ $place }}: the chart sets it; {{ $kind }}
{{- else if not (include "poolManager.text" $value | trim) }}
{{ $place }}: is blank; write a value, or remove it (null in a values file removes a default)
{{- else if include "poolManager.isPlaceholder" $value }}
{{ $place }}: still has the placeholder of an example; write the value in place of what stands between < and >
{{- else if include "poolManager.holdsUser" $value }}
{{ $place }}: has a user or a password in front of the host, and everybody who may list ConfigMaps would read it; remove it there, and write {{ ternary "OTEL_EXPORTER_OTLP_HEADERS" "the whole variable" (eq $name "OTEL_EXPORTER_OTLP_ENDPOINT") }} in poolManager.extraEnvVars with valueFrom.secretKeyRef
{{- end }}
{{- end }}
{{- end }}

{{/* What the service demands of its environment that is no secret. */}}
{{- define "poolManager.faultsRequired" }}
{{- $get := dict }}
{{- range $name := list "DEPLOYMENT_MODE" "ENVIRONMENT_NAME" "ENV_NAME" "SECRETS_BACKEND" "AWS_REGION" "CACHE_MODE" "CACHE_TLS_ENABLED" "SERVER_PORT" "READYZ_DRAIN_GRACE_SECONDS" }}
{{- $_ := set $get $name (include "poolManager.variable" (dict "root" $ "name" $name) | include "poolManager.withoutUser") }}
{{- end }}
{{- range .Values.poolManager.extraEnvVars }}
{{- if hasKey $get .name }}
{{- $_ := set $get .name (include "poolManager.text" (default "" .value) | trim | default "given by valueFrom" | include "poolManager.withoutUser") }}
{{- end }}
{{- end }}
{{- if not (has $get.DEPLOYMENT_MODE (list "saas" "byoc" "local")) }}
poolManager.configmap.DEPLOYMENT_MODE: {{ $get.DEPLOYMENT_MODE | quote }} is not saas, byoc or local
{{- end }}
{{- $environment := coalesce $get.ENVIRONMENT_NAME $get.ENV_NAME "" }}
{{- if not $environment }}
poolManager.configmap.ENVIRONMENT_NAME: missing; write staging or production
{{- else if not (has $environment (list "staging" "production" "given by valueFrom")) }}
poolManager.configmap.ENVIRONMENT_NAME: {{ $environment | quote }} is not staging or production, which are what events are addressed to
{{- end }}
{{- if not (include "poolManager.hasCache" .) }}
{{- range $name, $value := .Values.poolManager.configmap }}
{{- if and (hasPrefix "CACHE_" $name) (not (kindIs "invalid" $value)) }}
poolManager.configmap.{{ $name }}: is set although there is no Valkey, which the service refuses; write null, or name the Secret in poolManager.valkey.existingSecretName
{{- end }}
{{- end }}
{{- else if not $get.CACHE_MODE }}
poolManager.configmap.CACHE_MODE: missing; write single or cluster, as the Terraform output cache_mode says
{{- else if not (has (lower $get.CACHE_MODE) (list "single" "cluster" "given by valuefrom")) }}
poolManager.configmap.CACHE_MODE: {{ $get.CACHE_MODE | quote }} is not single or cluster
{{- end }}
{{- if not (has (lower $get.CACHE_TLS_ENABLED) (list "" "true" "false" "1" "0" "given by valuefrom")) }}
poolManager.configmap.CACHE_TLS_ENABLED: {{ $get.CACHE_TLS_ENABLED | quote }} is not true or false
{{- end }}
{{- if not (include "poolManager.acceptsEmbedded" .) }}
{{- if not (has $get.SECRETS_BACKEND (list "aws" "given by valueFrom")) }}
poolManager.configmap.SECRETS_BACKEND: missing with DEPLOYMENT_MODE={{ $get.DEPLOYMENT_MODE }}, or embedded: passwords would be kept in the record store; write aws and AWS_REGION, or set ALLOW_EMBEDDED to "true"
{{- end }}
{{- end }}
{{- if and (eq $get.SECRETS_BACKEND "aws") (not $get.AWS_REGION) }}
poolManager.configmap.AWS_REGION: missing with SECRETS_BACKEND=aws; write the region of the secrets, such as us-east-2
{{- end }}
{{- if and (ne $get.SERVER_PORT "") (or (not (regexMatch "^[0-9]{1,5}$" $get.SERVER_PORT)) (eq (atoi $get.SERVER_PORT) 0) (gt (atoi $get.SERVER_PORT) 65535)) }}
poolManager.configmap.SERVER_PORT: {{ $get.SERVER_PORT | quote }} is no port from 1 to 65535
{{- end }}
{{- if and (ne $get.READYZ_DRAIN_GRACE_SECONDS "") (not (regexMatch "^[0-9]{1,4}$" $get.READYZ_DRAIN_GRACE_SECONDS)) }}
poolManager.configmap.READYZ_DRAIN_GRACE_SECONDS: {{ $get.READYZ_DRAIN_GRACE_SECONDS | quote }} is no whole number of seconds
{{- else }}
{{- $needed := add (atoi (default "12" $get.READYZ_DRAIN_GRACE_SECONDS)) 45 }}
{{- if lt (int .Values.poolManager.terminationGracePeriodSeconds) (int $needed) }}
poolManager.terminationGracePeriodSeconds: {{ .Values.poolManager.terminationGracePeriodSeconds }} is less than the service may take to stop: READYZ_DRAIN_GRACE_SECONDS ({{ default "12" $get.READYZ_DRAIN_GRACE_SECONDS }}) and 45 s more; write {{ $needed }} or more
{{- end }}
{{- end }}
{{- end }}

{{- define "poolManager.faultsSecrets" }}
{{- $service := .Values.poolManager }}
{{- $kinds := fromYaml (include "poolManager.variables" .) }}
{{- $existing := include "poolManager.on" $service.useExistingSecret }}
{{- $external := include "poolManager.on" $service.externalSecret.enabled }}
{{- $valkeyExternal := include "poolManager.on" $service.valkey.externalSecret.enabled }}
{{- $others := dict }}
{{- range $service.extraEnvVars }}
{{- $_ := set $others .name true }}
{{- end }}
{{- $ways := list }}
{{- if $existing }}{{- $ways = append $ways "poolManager.useExistingSecret" }}{{- end }}
{{- if $external }}{{- $ways = append $ways "poolManager.externalSecret.enabled" }}{{- end }}
{{- if $service.secrets }}{{- $ways = append $ways "poolManager.secrets" }}{{- end }}
{{- if gt (len $ways) 1 }}
{{ join " and " $ways }}: more than one way to the secrets of the service; keep one, because nobody could tell which value holds
{{- end }}
{{- if not (or $ways (include "poolManager.acceptsEmbedded" .)) }}
poolManager.existingSecretName: the service has no secrets (MONGO_URI, BOOTSTRAP_ADMIN_API_KEY, SECRETS_ENCRYPTION_KEY); name a Secret that holds them and set poolManager.useExistingSecret: true, or have one made with poolManager.externalSecret.enabled: true
{{- end }}
{{- if and $existing (not $service.existingSecretName) }}
poolManager.existingSecretName: is blank although poolManager.useExistingSecret is true; write the name of the Secret
{{- end }}
{{- if and (not $existing) (not $external) $service.existingSecretName }}
poolManager.useExistingSecret: is false although poolManager.existingSecretName names {{ $service.existingSecretName | quote }}; write true, or remove the name
{{- end }}
{{- range $name, $value := $service.secrets }}
{{- $place := printf "poolManager.secrets.%s" $name }}
{{- $kind := get $kinds $name }}
{{- if eq $kind "legacy" }}
{{ $place }}: an old name; write CACHE_* in its place (docs/UPGRADE-1.0.md has both)
{{- else if not (has $kind (list "secret" "valkey")) }}
{{ $place }}: is no secret of the service; write it in poolManager.configmap if docs/CONFIGURATION.md has it
{{- else if not (include "poolManager.text" $value | trim) }}
{{ $place }}: is blank; write the value, or remove it
{{- else if include "poolManager.isPlaceholder" $value }}
{{ $place }}: still has the placeholder of an example; name a Secret that exists in poolManager.existingSecretName, or write the value in place of what stands between < and >
{{- else if and (eq $kind "valkey") $service.valkey.existingSecretName }}
{{ $place }}: is set although the Secret {{ $service.valkey.existingSecretName | quote }} gives it; remove it, or write poolManager.valkey.existingSecretName: "" to use it
{{- end }}
{{- end }}
{{- if not (include "poolManager.acceptsEmbedded" .) }}
{{- $needed := dict
  "MONGO_URI" "each replica would keep records of its own; write mongodb://user:password@host/"
  "BOOTSTRAP_ADMIN_API_KEY" "each replica would make a key of its own; write a key"
  "SECRETS_ENCRYPTION_KEY" "each replica would make a key of its own; write what `openssl rand -base64 32` prints" }}
{{- if not $service.valkey.existingSecretName }}
{{- $_ := set $needed "CACHE_ADDRS" "the cache would be inside the process; write host:port, or name the Secret in poolManager.valkey.existingSecretName" }}
{{- $_ := set $needed "CACHE_PASSWORD" "ElastiCache asks for one; write it, or name the Secret in poolManager.valkey.existingSecretName" }}
{{- end }}
{{- range $name, $why := $needed }}
{{- if and $service.secrets (not (hasKey $service.secrets $name)) (not (hasKey $others $name)) }}
poolManager.secrets.{{ $name }}: missing: {{ $why }}
{{- end }}
{{- if and $external (not (has $name $service.externalSecret.variables)) (not (hasKey $others $name)) }}
poolManager.externalSecret.variables: has no {{ $name }}: {{ $why }}
{{- end }}
{{- end }}
{{- end }}
{{- if $external }}
{{- range $name := $service.externalSecret.variables }}
{{- if not (has (get $kinds $name) (list "secret" "valkey")) }}
poolManager.externalSecret.variables: {{ $name }} is no secret of the service; write it in poolManager.configmap if docs/CONFIGURATION.md has it
{{- else if and (eq (get $kinds $name) "valkey") $service.valkey.existingSecretName }}
poolManager.externalSecret.variables: {{ $name }} comes from the Secret {{ $service.valkey.existingSecretName | quote }}; remove it, or write poolManager.valkey.existingSecretName: ""
{{- end }}
{{- end }}
{{- if not $service.externalSecret.key }}
poolManager.externalSecret.key: is blank; write the name of the entry in AWS Secrets Manager that holds the variables as a JSON object
{{- end }}
{{- end }}
{{- if and (or $external $valkeyExternal) (not $service.externalSecret.secretStoreRef.name) }}
poolManager.externalSecret.secretStoreRef.name: is blank; write the name of the {{ $service.externalSecret.secretStoreRef.kind }}
{{- end }}
{{- if and $valkeyExternal (not $service.valkey.externalSecret.key) }}
poolManager.valkey.externalSecret.key: is blank; write the Terraform output valkey_secret_name
{{- end }}
{{- if and (not $service.valkey.existingSecretName) (or $valkeyExternal (include "poolManager.on" $service.valkey.passwordFromFile)) }}
poolManager.valkey.existingSecretName: is blank although poolManager.valkey.{{ if $valkeyExternal }}externalSecret.enabled{{ else }}passwordFromFile{{ end }} needs the name of the Secret; write valkey-credentials
{{- end }}
{{- end }}

{{- define "poolManager.faultsExtra" }}
{{- $service := .Values.poolManager }}
{{- $kinds := fromYaml (include "poolManager.variables" .) }}
{{- $seen := dict }}
{{- $own := list "HOST_IP" "POD_NAME" "OTEL_RESOURCE_ATTRIBUTES" }}
{{- /* The first words of the service's own names. Libraries read more names of theirs than the service has. */}}
{{- $words := dict }}
{{- range $name := keys $kinds }}
{{- $word := splitList "_" $name | first }}
{{- if not (has $word (list "AWS" "OTEL" "RUST")) }}
{{- $_ := set $words $word true }}
{{- end }}
{{- end }}
{{- range $service.extraEnvVars }}
{{- $place := printf "poolManager.extraEnvVars: %s" .name }}
{{- $kind := get $kinds .name }}
{{- if hasKey $seen .name }}
{{ $place }}: is there twice; remove one
{{- end }}
{{- $_ := set $seen .name true }}
{{- if and (hasKey . "value") (hasKey . "valueFrom") }}
{{ $place }}: has both value and valueFrom; remove one
{{- else if and (not (hasKey . "valueFrom")) (not (include "poolManager.text" .value | trim)) }}
{{ $place }}: is blank, and blank it would be stronger than the ConfigMap and the Secrets; write a value, or remove it
{{- else if and (not (hasKey . "valueFrom")) (include "poolManager.isPlaceholder" .value) }}
{{ $place }}: still has the placeholder of an example; write the value in place of what stands between < and >
{{- else if hasKey . "valueFrom" }}
{{- else if and (has $kind (list "secret" "valkey")) (ne .name "CACHE_ADDRS") (ne .name "CACHE_USERNAME") }}
{{ $place }}: is a secret, and would stand in the Deployment in clear; write valueFrom.secretKeyRef
{{- else if and (not $kind) (include "poolManager.isNameOfSecret" .name) }}
{{ $place }}: has the name of a secret, and would stand in the Deployment in clear; write valueFrom.secretKeyRef
{{- else if include "poolManager.holdsUser" .value }}
{{ $place }}: has a user or a password in front of the host, and would stand in the Deployment in clear; write valueFrom.secretKeyRef
{{- end }}
{{- if has .name $own }}
{{ $place }}: the chart sets it
{{- else if eq $kind "legacy" }}
{{ $place }}: an old name; write CACHE_* in its place (docs/UPGRADE-1.0.md has both)
{{- else if and $kind (not (has $kind (list "plain" "secret" "valkey"))) }}
{{ $place }}: the chart sets it; {{ $kind }}
{{- else if has .name (list "SERVER_PORT" "DEPLOYMENT_MODE" "ALLOW_EMBEDDED" "TLS_CERT_FILE" "TLS_KEY_FILE" "READYZ_DRAIN_GRACE_SECONDS" "ENABLE_TELEMETRY" "OTEL_EXPORTER_OTLP_ENDPOINT") }}
{{ $place }}: the chart goes by it; write it in poolManager.configmap
{{- else if hasKey $service.configmap .name }}
{{ $place }}: is in poolManager.configmap, too; remove one
{{- else if and (not $kind) (contains "_" .name) (hasKey $words (splitList "_" .name | first)) }}
{{ $place }}: the service has no variable of this name; see docs/CONFIGURATION.md for the right one
{{- end }}
{{- end }}
{{- end }}

{{- define "poolManager.faultsTelemetry" }}
{{- if include "poolManager.sendsTelemetry" . }}
{{- $mode := include "poolManager.variable" (dict "root" . "name" "DEPLOYMENT_MODE") }}
{{- $endpoint := include "poolManager.variable" (dict "root" . "name" "OTEL_EXPORTER_OTLP_ENDPOINT") | default "$(HOST_IP):4317" }}
{{- $allowed := include "poolManager.isSet" (dict "root" . "name" "ALLOW_INSECURE_OTEL") }}
{{- if and (ne $mode "local") (not $allowed) (not (hasPrefix "https://" $endpoint)) (not (regexMatch "^(http://)?(localhost|127\\.0\\.0\\.1|\\[::1\\])(:|/|$)" $endpoint)) }}
poolManager.configmap.ALLOW_INSECURE_OTEL: telemetry goes to {{ include "poolManager.withoutUser" $endpoint }} in clear text, which the service refuses with DEPLOYMENT_MODE={{ $mode }}; write "true" if the collector of the node is meant, or an https:// address in OTEL_EXPORTER_OTLP_ENDPOINT
{{- end }}
{{- end }}
{{- end }}

{{- define "poolManager.faultsPods" }}
{{- $service := .Values.poolManager }}
{{- $scales := include "poolManager.on" $service.autoscaling.enabled }}
{{- $fewest := ternary $service.autoscaling.minReplicas $service.replicaCount (eq $scales "true") }}
{{- if $scales }}
{{- if gt (int $service.autoscaling.minReplicas) (int $service.autoscaling.maxReplicas) }}
poolManager.autoscaling.minReplicas: {{ $service.autoscaling.minReplicas }} is more than maxReplicas ({{ $service.autoscaling.maxReplicas }})
{{- end }}
{{- range $resource := list "cpu" "memory" }}
{{- if not (dig "requests" $resource "" $service.resources) }}
poolManager.resources.requests.{{ $resource }}: missing, so the autoscaler has nothing to count percentages of; write a request, or poolManager.autoscaling.enabled: false
{{- end }}
{{- end }}
{{- end }}
{{- if include "poolManager.on" $service.pdb.enabled }}
{{- $least := toString $service.pdb.minAvailable }}
{{- $most := toString $service.pdb.maxUnavailable }}
{{- if and (ne $least "") (ne $most "") }}
poolManager.pdb: minAvailable ({{ $least }}) and maxUnavailable ({{ $most }}) are both set, and a PodDisruptionBudget takes one; write "" for the other
{{- else if and (eq $least "") (eq $most "") }}
poolManager.pdb: neither minAvailable nor maxUnavailable is set; write one
{{- else if and (regexMatch "^[0-9]+$" $least) (ge (int $least) (int $fewest)) (gt (int $fewest) 0) }}
poolManager.pdb.minAvailable: {{ $least }} of {{ $fewest }} replicas, so that no node could be drained; write less, or poolManager.pdb.enabled: false
{{- end }}
{{- end }}
{{- if and (not (include "poolManager.knowsStore" .)) (not (include "poolManager.on" $service.useExistingSecret)) }}
{{- if or $scales (gt (int $service.replicaCount) 1) }}
poolManager.replicaCount: more than one replica without MONGO_URI, each with records of its own; write replicaCount: 1, autoscaling.enabled: false and pdb.enabled: false, or give MONGO_URI
{{- end }}
{{- if not (include "poolManager.on" $service.persistence.enabled) }}
poolManager.persistence.enabled: records without MONGO_URI are files in DATA_DIR, which an emptyDir loses with the pod; write true, or give MONGO_URI
{{- end }}
{{- end }}
{{- if and (eq $service.deploymentUpdate.type "RollingUpdate") (has (toString $service.deploymentUpdate.maxSurge) (list "0" "0%")) (has (toString $service.deploymentUpdate.maxUnavailable) (list "0" "0%")) }}
poolManager.deploymentUpdate: maxSurge and maxUnavailable are both 0, so that no pod could be replaced; write 1 for one of them
{{- end }}
{{- end }}

{{- define "poolManager.faultsEdge" }}
{{- $service := .Values.poolManager }}
{{- $certificate := include "poolManager.variable" (dict "root" . "name" "TLS_CERT_FILE") }}
{{- $key := include "poolManager.variable" (dict "root" . "name" "TLS_KEY_FILE") }}
{{- if and $service.tls.existingSecretName (or $certificate $key) }}
poolManager.tls.existingSecretName: is set beside poolManager.configmap.TLS_CERT_FILE or TLS_KEY_FILE; remove one
{{- else if ne (not $certificate) (not $key) }}
poolManager.configmap.{{ if $certificate }}TLS_KEY_FILE{{ else }}TLS_CERT_FILE{{ end }}: missing; the certificate and its key belong together
{{- end }}
{{- if include "poolManager.on" $service.ingress.enabled }}
{{- if not $service.ingress.hosts }}
poolManager.ingress.hosts: is empty although poolManager.ingress.enabled is true; write [{host: ...}]
{{- end }}
{{- range $service.ingress.hosts }}
{{- if not (trim .host) }}
poolManager.ingress.hosts: a host is blank; write its name
{{- end }}
{{- end }}
{{- end }}
{{- $monitor := $service.monitoring.serviceMonitor }}
{{- if include "poolManager.on" $monitor.enabled }}
{{- if not $monitor.collectorLabels }}
poolManager.monitoring.serviceMonitor.collectorLabels: is empty, and the service itself has nothing to scrape; write the labels of the Service of the collector's Prometheus exporter
{{- end }}
{{- if not (include "poolManager.sendsTelemetry" .) }}
poolManager.configmap.ENABLE_TELEMETRY: is not "true", so that no metric reaches the collector that poolManager.monitoring.serviceMonitor scrapes; write "true"
{{- end }}
{{- end }}
{{- if and (include "poolManager.on" $service.monitoring.prometheusRule.enabled) (not (include "poolManager.sendsTelemetry" .)) }}
poolManager.configmap.ENABLE_TELEMETRY: is not "true", so that the alerts of poolManager.monitoring.prometheusRule would have no metrics; write "true"
{{- end }}
{{- end }}

{{/* What somebody copied and did not fill in, such as <from-secrets-manager>. */}}
{{- define "poolManager.isPlaceholder" -}}
{{- if regexMatch "(?s)^<.*>$" (include "poolManager.text" . | trim) -}}true{{- end -}}
{{- end }}

{{/* A name that somebody gives to a secret: of a variable that is not the service's own. */}}
{{- define "poolManager.isNameOfSecret" -}}
{{- if regexMatch "(?i)((SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIALS?|APIKEY)|(^|_)(KEY|HEADERS|DSN)|_(PASS|PWD))$" . -}}true{{- end -}}
{{- end }}

{{/* Whether a URL has a user or a password, or they stand in front of a host without a scheme. */}}
{{- define "poolManager.holdsUser" -}}
{{- if regexMatch "(?m)(://[^/\\s]*|^[^/\\s:]*:[^/\\s]*)@" (include "poolManager.text" . | trim) -}}true{{- end -}}
{{- end }}

{{/* What may be said of a value: logs keep what a render prints. */}}
{{- define "poolManager.withoutUser" -}}
{{- regexReplaceAll "(?m)([^\\s:/]*://|^|\\s)\\S*@" . "${1}...@" -}}
{{- end }}

{{/* Values are in Git and in the history of the release: what is secret does not belong there. */}}
{{- define "poolManager.faultsObjects" }}
{{- range $object := .Values.extraDeploy }}
{{- if and (eq $object.kind "Secret") (or $object.data $object.stringData) }}
extraDeploy: Secret {{ (default dict $object.metadata).name | quote }}: values are in Git and in the history of the release, so no Secret with data is written there; write an ExternalSecret, or name a Secret that exists in poolManager.existingSecretName (that of Valkey in poolManager.valkey.existingSecretName)
{{- end }}
{{- end }}
{{- end }}
