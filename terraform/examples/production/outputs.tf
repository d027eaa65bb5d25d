output "replication_group_id" {
  description = "Id of the replication group."
  value       = module.valkey.replication_group_id
}

output "cache_mode" {
  description = "CACHE_MODE of the service."
  value       = module.valkey.cache_mode
}

output "cache_addrs" {
  description = "CACHE_ADDRS of the service."
  value       = module.valkey.cache_addrs
}

output "cache_tls_enabled" {
  description = "CACHE_TLS_ENABLED of the service."
  value       = module.valkey.cache_tls_enabled
}

output "cache_username" {
  description = "CACHE_USERNAME of the service; blank with a token."
  value       = module.valkey.cache_username
}

output "auth_token_update_strategy" {
  description = "SET, or ROTATE while two tokens are good; null with users."
  value       = module.valkey.auth_token_update_strategy
}

output "valkey_secret_arn" {
  description = "ARN of the secret with CACHE_ADDRS, CACHE_USERNAME and CACHE_PASSWORD."
  value       = module.valkey.valkey_secret_arn
}

output "valkey_secret_name" {
  description = "Name of that secret, for poolManager.valkey.externalSecret.key of the chart."
  value       = module.valkey.valkey_secret_name
}

output "consumer_secret_name" {
  description = "Name of the secret with MULTI_TENANT_REDIS_*, for the services that listen."
  value       = module.valkey.consumer_secret_name
}

output "secret_reader_policy_json" {
  description = "IAM policy for the role of External Secrets."
  value       = module.valkey.secret_reader_policy_json
}

output "service_role_arn" {
  description = "Role of the service, for the annotation eks.amazonaws.com/role-arn of its service account."
  value       = module.service_role.role_arn
}

output "alarm_topic_arn" {
  description = "Topic of the alarms."
  value       = module.alarms.alarm_topic_arn
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = module.alarms.dashboard_name
}
