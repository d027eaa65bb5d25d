resource "aws_elasticache_replication_group" "this" {
  replication_group_id = local.name
  description          = coalesce(var.description, "Cache, limits and event bus of the pool-manager (${module.settings.tags.Environment})")

  engine               = module.settings.engine.name
  engine_version       = module.settings.engine.version
  node_type            = module.settings.node.type
  port                 = module.settings.port
  parameter_group_name = module.settings.engine.makes_parameter_group ? aws_elasticache_parameter_group.this[0].name : module.settings.engine.parameter_group_name

  num_cache_clusters         = module.settings.topology.num_cache_clusters
  num_node_groups            = module.settings.topology.num_node_groups
  replicas_per_node_group    = module.settings.topology.replicas_per_node_group
  automatic_failover_enabled = module.settings.topology.automatic_failover_enabled
  multi_az_enabled           = module.settings.topology.multi_az_enabled

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [aws_security_group.this.id]

  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  # "preferred" would also take connections without TLS; it is a step of a migration.
  transit_encryption_mode = "required"

  # A group has users or a token. The way from a token to users is one apply with DELETE, which stays: taken away again it would be sent as a
  # change of a token that is not there.
  user_group_ids             = local.is_with_users ? [aws_elasticache_user_group.this[0].user_group_id] : null
  auth_token                 = local.is_token ? local.service_password : null
  auth_token_update_strategy = module.settings.authentication.auth_token_update_strategy

  snapshot_retention_limit  = module.settings.topology.snapshot_retention_limit
  snapshot_window           = var.snapshot_window
  snapshot_name             = var.snapshot_name
  final_snapshot_identifier = var.final_snapshot_identifier
  maintenance_window        = var.maintenance_window
  apply_immediately         = var.apply_immediately

  # The version written here stays the real one: a lower one than the real one replaces the group.
  auto_minor_version_upgrade = false

  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.this

    content {
      log_type         = log_delivery_configuration.key
      log_format       = "json"
      destination_type = "cloudwatch-logs"
      destination      = log_delivery_configuration.value.name
    }
  }

  # ElastiCache's events go to no topic: it cannot publish to one that is encrypted.

  tags = module.settings.tags

  # Another one, or none, would replace the group.
  lifecycle {
    ignore_changes = [snapshot_name]
  }
}

# Alarms are made for the names that nodes usually have, because the real ones are known only after the group was made.
check "node_ids" {
  assert {
    condition     = toset(aws_elasticache_replication_group.this.member_clusters) == toset(module.settings.node_ids)
    error_message = "the nodes are not named as expected, so some alarms watch nothing: a replica was taken away by hand. Add one and remove the one with the highest number, until the names have no gap."
  }
}
