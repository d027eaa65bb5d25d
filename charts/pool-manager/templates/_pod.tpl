{{/* The pod of the Deployment and of the StatefulSet. Takes root and claimed. */}}
{{- define "poolManager.pod" -}}
{{- $service := .root.Values.poolManager -}}
{{- $selector := include "poolManager.selectorLabels" (dict "root" .root "component" $service.name) -}}
{{- $scheme := ternary "HTTPS" "HTTP" (eq (include "poolManager.speaksTls" .root) "true") -}}
metadata:
  annotations:
    # A change of either replaces the pods. Secrets that others make are not seen here.
    checksum/config: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
    {{- with $service.secrets }}
    # Who may read pods may try guesses against a hash. Beside a long random key nothing can be guessed; without one each revision
    # replaces the pods.
    checksum/secrets: {{ if ge (len (include "poolManager.text" (get . "SECRETS_ENCRYPTION_KEY"))) 32 }}{{ include (print $.root.Template.BasePath "/secrets.yaml") $.root | sha256sum }}{{ else }}revision-{{ $.root.Release.Revision }}{{ end }}
    {{- end }}
    {{- with merge (dict) $service.podAnnotations (default (dict) .root.Values.global.commonAnnotations) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "poolManager.labels" (dict "root" .root "component" $service.name "more" $service.podLabels) | nindent 4 }}
spec:
  serviceAccountName: {{ include "poolManager.serviceAccountName" .root }}
  automountServiceAccountToken: false
  # A Service named redis or cache would set REDIS_PORT or CACHE_PORT, which the service takes for its own.
  enableServiceLinks: false
  {{- with include "poolManager.imagePullSecrets" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- toYaml $service.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ $service.terminationGracePeriodSeconds }}
  {{- with $service.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  containers:
    - name: pool-manager
      image: {{ include "poolManager.image" .root | quote }}
      imagePullPolicy: {{ $service.image.pullPolicy }}
      securityContext:
        {{- toYaml $service.securityContext | nindent 8 }}
      {{- include "poolManager.environment" .root | nindent 6 }}
      ports:
        - name: http
          containerPort: {{ include "poolManager.port" .root }}
          protocol: TCP
      livenessProbe:
        {{- include "poolManager.probe" (dict "probe" $service.livenessProbe "scheme" $scheme) | nindent 8 }}
      readinessProbe:
        {{- include "poolManager.probe" (dict "probe" $service.readinessProbe "scheme" $scheme) | nindent 8 }}
      resources:
        {{- toYaml $service.resources | nindent 8 }}
      {{- include "poolManager.volumeMounts" .root | nindent 6 }}
  {{- with include "poolManager.volumes" . }}
  volumes:
    {{- . | trim | nindent 4 }}
  {{- end }}
  {{- with $service.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    - {{ toYaml . | nindent 6 | trim }}
      {{- if not (hasKey . "labelSelector") }}
      labelSelector:
        matchLabels:
          {{- $selector | nindent 10 }}
      {{- end }}
    {{- end }}
  {{- end }}
  {{- with $service.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "poolManager.probe" -}}
httpGet:
  path: {{ .probe.path | quote }}
  port: http
  scheme: {{ .scheme }}
{{ toYaml (omit .probe "path") }}
{{- end }}
