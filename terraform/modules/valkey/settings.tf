# Everything is decided, and mistakes are refused, by a module without a provider: it can be tried out without an account.
module "settings" {
  source = "../valkey-settings"

  environment                      = var.environment
  name                             = var.name
  cluster_mode                     = var.cluster_mode
  node_type                        = var.node_type
  node_count                       = var.node_count
  shards                           = var.shards
  replicas_per_shard               = var.replicas_per_shard
  automatic_failover_enabled       = var.automatic_failover_enabled
  multi_az_enabled                 = var.multi_az_enabled
  vpc_id                           = var.vpc_id
  subnet_count                     = length(var.subnet_ids)
  expected_data_gib                = var.expected_data_gib
  engine                           = var.engine
  engine_version                   = var.engine_version
  parameter_group_name             = var.parameter_group_name
  parameters                       = var.parameters
  port                             = var.port
  authentication                   = var.authentication
  auth_token                       = var.auth_token
  auth_token_update_strategy       = var.auth_token_update_strategy
  service_password_version         = var.service_password_version
  service_previous_password_valid  = var.service_previous_password_valid
  consumer_password_version        = var.consumer_password_version
  consumer_previous_password_valid = var.consumer_previous_password_valid
  rotation_started_on              = var.rotation_started_on
  rotation_days                    = var.rotation_days
  consumer_channels                = var.consumer_channels
  client_security_group_ids        = var.client_security_group_ids
  service_replicas                 = var.service_replicas
  service_pool_size                = var.service_pool_size
  consumer_connections             = var.consumer_connections
  connections_threshold            = var.connections_threshold
  cpu_alarm_metric                 = var.cpu_alarm_metric
  cpu_alarm_threshold              = var.cpu_alarm_threshold
  snapshot_retention_limit         = var.snapshot_retention_limit
  additional_tags                  = var.additional_tags

  # Only to refuse them.
  cluster_id                 = var.cluster_id
  num_cache_nodes            = var.num_cache_nodes
  num_cache_clusters         = var.num_cache_clusters
  num_node_groups            = var.num_node_groups
  replicas_per_node_group    = var.replicas_per_node_group
  cluster_mode_enabled       = var.cluster_mode_enabled
  replication_group_id       = var.replication_group_id
  security_group_ids         = var.security_group_ids
  ingress_to_port            = var.ingress_to_port
  egress_cidr_blocks         = var.egress_cidr_blocks
  at_rest_encryption_enabled = var.at_rest_encryption_enabled
  transit_encryption_enabled = var.transit_encryption_enabled
  auto_minor_version_upgrade = var.auto_minor_version_upgrade
}

locals {
  name           = module.settings.name
  is_token       = module.settings.authentication.kind == "token"
  is_with_users  = module.settings.authentication.kind == "users"
  is_in_clusters = module.settings.cache_mode == "cluster"
}
