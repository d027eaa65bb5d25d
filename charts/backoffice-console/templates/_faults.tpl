{{/* What must be refused before it reaches a cluster, one sentence a line: which value, why, and what would be right. */}}
{{- define "backofficeConsole.faults" -}}
{{- $faults := list -}}
{{- range $part := list "Places" "Configmap" "Secrets" "Extra" "Pods" "Objects" -}}
{{- with include (printf "backofficeConsole.faults%s" $part) $ | trim -}}
{{- $faults = append $faults . -}}
{{- end -}}
{{- end -}}
{{- join "\n" $faults -}}
{{- end }}

{{/* Names that the console has no use for. */}}
{{- define "backofficeConsole.isOfCache" -}}
{{- if regexMatch "^(CACHE|REDIS|VALKEY|MULTI_TENANT_REDIS)_" . -}}true{{- end -}}
{{- end }}

{{- define "backofficeConsole.isSecret" -}}
{{- if and (regexMatch "(?i)(SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIALS?|DSN|(ACCESS|API|PRIVATE|SECRET|SIGNING|ENCRYPTION)_?KEY|_(PASS|PWD))$" .) (not (hasPrefix "NEXT_PUBLIC_" .)) -}}true{{- end -}}
{{- end }}

{{/*
Whether a URL has a user or a password, or stands with them in front of a host without a scheme. Takes name and value. What every
browser is given may have a user, such as the public key of a Sentry DSN, but no password.
*/}}
{{- define "backofficeConsole.holdsUser" -}}
{{- $pattern := ternary "(?m)(://|^)[^/\\s:]*:[^/\\s]*@" "(?m)(://[^/\\s]*|^[^/\\s:]*:[^/\\s]*)@" (hasPrefix "NEXT_PUBLIC_" .name) -}}
{{- if regexMatch $pattern (include "backofficeConsole.text" .value | trim) -}}true{{- end -}}
{{- end }}

{{- define "backofficeConsole.faultsPlaces" }}
{{- range $place, $values := dict "" .Values "backofficeConsole." .Values.backofficeConsole }}
{{- if hasKey $values "env" }}
{{ $place }}env: this chart has no such value; write what is no secret, such as API_URL and NEXT_PUBLIC_TENANT_MANAGER_API_URL, in backofficeConsole.configmap
{{- end }}
{{- if hasKey $values "envFrom" }}
{{ $place }}envFrom: this chart has no such value; name the Secret of the console in backofficeConsole.existingSecretName, with backofficeConsole.useExistingSecret: true. It needs none of Valkey
{{- end }}
{{- end }}
{{- end }}

{{- define "backofficeConsole.faultsConfigmap" }}
{{- $configmap := .Values.backofficeConsole.configmap }}
{{- range $name, $value := $configmap }}
{{- $place := printf "backofficeConsole.configmap.%s" $name }}
{{- if kindIs "invalid" $value }}
{{- else if include "backofficeConsole.isOfCache" $name }}
{{ $place }}: the console has no connection to Valkey; it asks the pool-manager (API_URL); remove it
{{- else if or (include "backofficeConsole.isSecret" $name) (has $name (without $.Values.backofficeConsole.requiredSecrets "WORKOS_CLIENT_ID")) }}
{{ $place }}: is a secret, and everybody who may list ConfigMaps would read it; write it in the Secret that backofficeConsole.existingSecretName names
{{- else if eq $name "HOSTNAME" }}
{{ $place }}: the chart sets it
{{- else if not (include "backofficeConsole.text" $value | trim) }}
{{ $place }}: is blank; write a value, or remove it (null in a values file removes a default)
{{- else if include "backofficeConsole.isPlaceholder" $value }}
{{ $place }}: still has the placeholder of an example; write the value in place of what stands between < and >
{{- else if include "backofficeConsole.holdsUser" (dict "name" $name "value" $value) }}
{{ $place }}: has a user or a password in front of the host, and everybody who may list ConfigMaps would read it; write it in the Secret that backofficeConsole.existingSecretName names
{{- end }}
{{- end }}
{{- range $name := list "API_URL" "NEXT_PUBLIC_TENANT_MANAGER_API_URL" }}
{{- $url := include "backofficeConsole.variable" (dict "root" $ "name" $name) }}
{{- $place := printf "backofficeConsole.configmap.%s" $name }}
{{- if not (hasKey $configmap $name) }}
{{ $place }}: missing; write the address of the pool-manager, such as http://pool-manager.pool-manager.svc.cluster.local:4003
{{- else if not $url }}
{{- else if not (regexMatch "^https?://[^/\\s@?#]+(/v1)?/?$" $url) }}
{{ $place }}: {{ if contains "@" $url }}what stands there{{ else }}{{ $url | quote }}{{ end }} is not http:// or https:// with a host alone; a path would be lost, because the console asks for paths from the root, such as /cache/keys
{{- else if regexMatch "(your-domain|[/.]example)\\.(com|org|net)" $url }}
{{ $place }}: {{ $url }} is the name of an example; write the address of the pool-manager
{{- end }}
{{- end }}
{{- $port := include "backofficeConsole.port" . }}
{{- if or (not (regexMatch "^[0-9]{1,5}$" $port)) (eq (atoi $port) 0) (gt (atoi $port) 65535) }}
backofficeConsole.configmap.PORT: {{ if contains "@" $port }}what stands there{{ else }}{{ $port | quote }}{{ end }} is no port from 1 to 65535
{{- end }}
{{- end }}

{{- define "backofficeConsole.faultsSecrets" }}
{{- $console := .Values.backofficeConsole }}
{{- $existing := include "backofficeConsole.on" $console.useExistingSecret }}
{{- $external := include "backofficeConsole.on" $console.externalSecret.enabled }}
{{- $others := dict }}
{{- range $console.extraEnvVars }}
{{- $_ := set $others .name true }}
{{- end }}
{{- $ways := list }}
{{- if $existing }}{{- $ways = append $ways "backofficeConsole.useExistingSecret" }}{{- end }}
{{- if $external }}{{- $ways = append $ways "backofficeConsole.externalSecret.enabled" }}{{- end }}
{{- if $console.secrets }}{{- $ways = append $ways "backofficeConsole.secrets" }}{{- end }}
{{- if gt (len $ways) 1 }}
{{ join " and " $ways }}: more than one way to the secrets of the console; keep one, because nobody could tell which value holds
{{- end }}
{{- if not $ways }}
backofficeConsole.existingSecretName: the console has no secrets ({{ join ", " $console.requiredSecrets }}); name a Secret that holds them and set backofficeConsole.useExistingSecret: true, or have one made with backofficeConsole.externalSecret.enabled: true
{{- end }}
{{- if and $existing (not $console.existingSecretName) }}
backofficeConsole.existingSecretName: is blank although backofficeConsole.useExistingSecret is true; write the name of the Secret
{{- end }}
{{- if and (not $existing) (not $external) $console.existingSecretName }}
backofficeConsole.useExistingSecret: is false although backofficeConsole.existingSecretName names {{ $console.existingSecretName | quote }}; write true, or remove the name
{{- end }}
{{- range $name, $value := $console.secrets }}
{{- $place := printf "backofficeConsole.secrets.%s" $name }}
{{- if include "backofficeConsole.isOfCache" $name }}
{{ $place }}: the console has no connection to Valkey; it asks the pool-manager (API_URL); remove it
{{- else if hasPrefix "NEXT_PUBLIC_" $name }}
{{ $place }}: is in every browser that opens the console, so it is no secret; write it in backofficeConsole.configmap
{{- else if not (include "backofficeConsole.text" $value | trim) }}
{{ $place }}: is blank; write the value, or remove it
{{- else if include "backofficeConsole.isPlaceholder" $value }}
{{ $place }}: still has the placeholder of an example; name a Secret that exists in backofficeConsole.existingSecretName, or write the value in place of what stands between < and >
{{- else if and (eq $name "WORKOS_COOKIE_PASSWORD") (lt (len (include "backofficeConsole.text" $value)) 32) }}
{{ $place }}: has fewer than 32 characters, which AuthKit refuses; write what `openssl rand -base64 24` prints
{{- end }}
{{- if hasKey $console.configmap $name }}
{{ $place }}: is in backofficeConsole.configmap, too; remove one
{{- end }}
{{- end }}
{{- range $name := $console.requiredSecrets }}
{{- if and $console.secrets (not (hasKey $console.secrets $name)) (not (hasKey $others $name)) }}
backofficeConsole.secrets.{{ $name }}: missing although backofficeConsole.requiredSecrets lists it
{{- end }}
{{- if and $external (not (has $name $console.externalSecret.variables)) (not (hasKey $others $name)) }}
backofficeConsole.externalSecret.variables: has no {{ $name }} although backofficeConsole.requiredSecrets lists it
{{- end }}
{{- end }}
{{- if $external }}
{{- range $name := $console.externalSecret.variables }}
{{- if include "backofficeConsole.isOfCache" $name }}
backofficeConsole.externalSecret.variables: {{ $name }}: the console has no connection to Valkey; remove it
{{- end }}
{{- end }}
{{- if not $console.externalSecret.key }}
backofficeConsole.externalSecret.key: is blank; write the name of the entry in AWS Secrets Manager that holds the variables as a JSON object
{{- end }}
{{- if not $console.externalSecret.secretStoreRef.name }}
backofficeConsole.externalSecret.secretStoreRef.name: is blank; write the name of the {{ $console.externalSecret.secretStoreRef.kind }}
{{- end }}
{{- end }}
{{- end }}

{{- define "backofficeConsole.faultsExtra" }}
{{- $console := .Values.backofficeConsole }}
{{- $seen := dict }}
{{- range $console.extraEnvVars }}
{{- $place := printf "backofficeConsole.extraEnvVars: %s" .name }}
{{- if hasKey $seen .name }}
{{ $place }}: is there twice; remove one
{{- end }}
{{- $_ := set $seen .name true }}
{{- if include "backofficeConsole.isOfCache" .name }}
{{ $place }}: the console has no connection to Valkey; it asks the pool-manager (API_URL); remove it
{{- else if has .name (list "HOSTNAME" "PORT") }}
{{ $place }}: the chart goes by it; PORT is written in backofficeConsole.configmap
{{- else if and (hasKey . "value") (hasKey . "valueFrom") }}
{{ $place }}: has both value and valueFrom; remove one
{{- else if and (not (hasKey . "valueFrom")) (not (include "backofficeConsole.text" .value | trim)) }}
{{ $place }}: is blank, and blank it would be stronger than the ConfigMap and the Secret; write a value, or remove it
{{- else if and (not (hasKey . "valueFrom")) (include "backofficeConsole.isPlaceholder" .value) }}
{{ $place }}: still has the placeholder of an example; write the value in place of what stands between < and >
{{- else if and (hasKey . "value") (or (include "backofficeConsole.isSecret" .name) (has .name $console.requiredSecrets)) }}
{{ $place }}: is a secret, and would stand in the Deployment in clear; write valueFrom.secretKeyRef
{{- else if and (hasKey . "value") (include "backofficeConsole.holdsUser" .) }}
{{ $place }}: has a user or a password in front of the host, and would stand in the Deployment in clear; write valueFrom.secretKeyRef
{{- else if hasKey $console.configmap .name }}
{{ $place }}: is in backofficeConsole.configmap, too; remove one
{{- end }}
{{- end }}
{{- end }}

{{- define "backofficeConsole.faultsPods" }}
{{- $console := .Values.backofficeConsole }}
{{- $scales := include "backofficeConsole.on" $console.autoscaling.enabled }}
{{- $fewest := ternary $console.autoscaling.minReplicas $console.replicaCount (eq $scales "true") }}
{{- if $scales }}
{{- if gt (int $console.autoscaling.minReplicas) (int $console.autoscaling.maxReplicas) }}
backofficeConsole.autoscaling.minReplicas: {{ $console.autoscaling.minReplicas }} is more than maxReplicas ({{ $console.autoscaling.maxReplicas }})
{{- end }}
{{- range $resource := list "cpu" "memory" }}
{{- if not (dig "requests" $resource "" $console.resources) }}
backofficeConsole.resources.requests.{{ $resource }}: missing, so the autoscaler has nothing to count percentages of; write a request, or backofficeConsole.autoscaling.enabled: false
{{- end }}
{{- end }}
{{- end }}
{{- if include "backofficeConsole.on" $console.pdb.enabled }}
{{- $least := toString $console.pdb.minAvailable }}
{{- $most := toString $console.pdb.maxUnavailable }}
{{- if and (ne $least "") (ne $most "") }}
backofficeConsole.pdb: minAvailable ({{ $least }}) and maxUnavailable ({{ $most }}) are both set, and a PodDisruptionBudget takes one; write "" for the other
{{- else if and (eq $least "") (eq $most "") }}
backofficeConsole.pdb: neither minAvailable nor maxUnavailable is set; write one
{{- else if and (regexMatch "^[0-9]+$" $least) (ge (int $least) (int $fewest)) (gt (int $fewest) 0) }}
backofficeConsole.pdb.minAvailable: {{ $least }} of {{ $fewest }} replicas, so that no node could be drained; write less, or backofficeConsole.pdb.enabled: false
{{- end }}
{{- end }}
{{- if and (eq $console.deploymentUpdate.type "RollingUpdate") (has (toString $console.deploymentUpdate.maxSurge) (list "0" "0%")) (has (toString $console.deploymentUpdate.maxUnavailable) (list "0" "0%")) }}
backofficeConsole.deploymentUpdate: maxSurge and maxUnavailable are both 0, so that no pod could be replaced; write 1 for one of them
{{- end }}
{{- if include "backofficeConsole.on" $console.ingress.enabled }}
{{- if not $console.ingress.hosts }}
backofficeConsole.ingress.hosts: is empty although backofficeConsole.ingress.enabled is true; write [{host: ...}]
{{- end }}
{{- range $console.ingress.hosts }}
{{- if not (trim .host) }}
backofficeConsole.ingress.hosts: a host is blank; write its name
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What somebody copied and did not fill in, such as <from-secrets-manager>. */}}
{{- define "backofficeConsole.isPlaceholder" -}}
{{- if regexMatch "(?s)^<.*>$" (include "backofficeConsole.text" . | trim) -}}true{{- end -}}
{{- end }}

{{/* Values are in Git and in the history of the release: what is secret does not belong there. */}}
{{- define "backofficeConsole.faultsObjects" }}
{{- range $object := .Values.extraDeploy }}
{{- if and (eq $object.kind "Secret") (or $object.data $object.stringData) }}
extraDeploy: Secret {{ (default dict $object.metadata).name | quote }}: values are in Git and in the history of the release, so no Secret with data is written there; write an ExternalSecret, or name a Secret that exists in backofficeConsole.existingSecretName
{{- end }}
{{- end }}
{{- end }}
