{{/* The environment of the container: what is common to the service and to the pod of `helm test`. */}}
{{- define "poolManager.environment" -}}
{{- $valkey := .Values.poolManager.valkey -}}
{{- $fromFile := include "poolManager.on" $valkey.passwordFromFile -}}
env:
  - name: DATA_DIR
    value: /data
  {{- with .Values.poolManager.tls.existingSecretName }}
  - name: TLS_CERT_FILE
    value: /etc/pool-manager/tls/tls.crt
  - name: TLS_KEY_FILE
    value: /etc/pool-manager/tls/tls.key
  {{- end }}
  {{- if include "poolManager.sendsTelemetry" . }}
  - name: HOST_IP
    valueFrom:
      fieldRef:
        fieldPath: status.hostIP
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  # Without it replicas that share a collector would be one series.
  - name: OTEL_RESOURCE_ATTRIBUTES
    value: service.instance.id=$(POD_NAME)
  {{- if not (include "poolManager.variable" (dict "root" . "name" "OTEL_EXPORTER_OTLP_ENDPOINT")) }}
  - name: OTEL_EXPORTER_OTLP_ENDPOINT
    value: $(HOST_IP):4317
  {{- end }}
  {{- end }}
  {{- if $fromFile }}
  - name: CACHE_ADDRS
    valueFrom:
      secretKeyRef:
        name: {{ $valkey.existingSecretName }}
        key: CACHE_ADDRS
  - name: CACHE_USERNAME
    valueFrom:
      secretKeyRef:
        name: {{ $valkey.existingSecretName }}
        key: CACHE_USERNAME
        optional: true
  - name: CACHE_PASSWORD_FILE
    value: /etc/pool-manager/valkey/CACHE_PASSWORD
  {{- end }}
  {{- range .Values.poolManager.extraEnvVars }}
  - name: {{ .name }}
    {{- if hasKey . "valueFrom" }}
    valueFrom:
      {{- toYaml .valueFrom | nindent 6 }}
    {{- else }}
    value: {{ include "poolManager.text" .value | quote }}
    {{- end }}
  {{- end }}
# Of a variable that two of these have the later one holds, and `env` is stronger than all.
envFrom:
  - configMapRef:
      name: {{ include "poolManager.fullname" . }}
  {{- if include "poolManager.hasSecret" . }}
  - secretRef:
      name: {{ include "poolManager.secretName" . }}
  {{- end }}
  {{- if and $valkey.existingSecretName (not $fromFile) }}
  - secretRef:
      name: {{ $valkey.existingSecretName }}
  {{- end }}
{{- end }}

{{- define "poolManager.volumeMounts" -}}
volumeMounts:
  - name: data
    mountPath: /data
  {{- if .Values.poolManager.tls.existingSecretName }}
  - name: tls
    mountPath: /etc/pool-manager/tls
    readOnly: true
  {{- end }}
  {{- if include "poolManager.on" .Values.poolManager.valkey.passwordFromFile }}
  # The whole directory: a subPath would not be renewed with the Secret.
  - name: valkey
    mountPath: /etc/pool-manager/valkey
    readOnly: true
  {{- end }}
  {{- with .Values.poolManager.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The volumes. Takes root and claimed: whether the StatefulSet's claim is the volume of the data. */}}
{{- define "poolManager.volumes" -}}
{{- $service := .root.Values.poolManager -}}
{{- if not .claimed }}
- name: data
  emptyDir:
    sizeLimit: {{ $service.persistence.emptyDirSizeLimit }}
{{- end }}
{{- with $service.tls.existingSecretName }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if include "poolManager.on" $service.valkey.passwordFromFile }}
- name: valkey
  secret:
    secretName: {{ $service.valkey.existingSecretName }}
    defaultMode: 0440
    items:
      - key: CACHE_PASSWORD
        path: CACHE_PASSWORD
{{- end }}
{{- with $service.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
