output "name" {
  description = "Id of the replication group, known before it is made: for modules/valkey-alarms."
  value       = local.name
}

output "replication_group_id" {
  description = "Id of the replication group."
  value       = aws_elasticache_replication_group.this.id
}

output "replication_group_arn" {
  description = "ARN of the replication group."
  value       = aws_elasticache_replication_group.this.arn
}

output "cache_mode" {
  description = "CACHE_MODE of the service: single or cluster."
  value       = module.settings.cache_mode
}

output "cache_addrs" {
  description = "CACHE_ADDRS of the service: one address, also of a cluster. It does not change when shards are added."
  value       = "${local.address}:${module.settings.port}"
}

output "cache_tls_enabled" {
  description = "CACHE_TLS_ENABLED of the service: always true."
  value       = true
}

output "cache_username" {
  description = "CACHE_USERNAME of the service; blank with a token."
  value       = module.settings.authentication.service_username
}

output "auth_token_update_strategy" {
  description = "SET, or ROTATE while two tokens are good; null with users."
  value       = local.is_token ? module.settings.authentication.auth_token_update_strategy : null
}

output "valkey_secret_arn" {
  description = "ARN of the secret with CACHE_ADDRS, CACHE_USERNAME and CACHE_PASSWORD."
  value       = aws_secretsmanager_secret.service.arn
}

output "valkey_secret_name" {
  description = "Name of that secret, for poolManager.valkey.externalSecret.key of the chart."
  value       = aws_secretsmanager_secret.service.name
}

output "consumer_secret_arn" {
  description = "ARN of the secret with MULTI_TENANT_REDIS_*."
  value       = aws_secretsmanager_secret.consumer.arn
}

output "consumer_secret_name" {
  description = "Name of that secret, for the charts of the services that listen."
  value       = aws_secretsmanager_secret.consumer.name
}

output "secret_reader_policy_json" {
  description = "IAM policy for the role of External Secrets: to read the two secrets."
  value       = data.aws_iam_policy_document.secret_reader.json
}

output "security_group_id" {
  description = "Security group of the nodes."
  value       = aws_security_group.this.id
}

output "node_ids" {
  description = "Ids of the nodes, for modules/valkey-alarms."
  value       = module.settings.node_ids
}

output "alarms" {
  description = "Thresholds that fit the node type and the number of clients, for modules/valkey-alarms."
  value       = module.settings.alarms
}
