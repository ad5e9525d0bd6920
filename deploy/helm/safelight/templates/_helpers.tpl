{{- define "safelight.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "safelight.selector" -}}
app.kubernetes.io/name: safelight
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "safelight.labels" -}}
{{ include "safelight.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "safelight.account" -}}
{{- .Values.serviceAccount.name | default (ternary (include "safelight.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "safelight.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}
