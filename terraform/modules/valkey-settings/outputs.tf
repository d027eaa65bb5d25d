# An output can be read only where nothing of its kind is refused, so nothing is planned with values that are.

output "name" {
  description = "Id of the replication group and beginning of every other name."
  value       = local.name

  precondition {
    condition     = length(local.input_refusals) == 0
    error_message = join("\n", local.input_refusals)
  }
}

output "cache_mode" {
  description = "CACHE_MODE of the service: single or cluster."
  value       = local.is_in_cluster_mode ? "cluster" : "single"
}

output "topology" {
  description = "Arguments of the replication group: those of the other mode are null."
  value = {
    num_cache_clusters         = local.is_in_cluster_mode ? null : var.node_count
    num_node_groups            = local.is_in_cluster_mode ? local.shards : null
    replicas_per_node_group    = local.is_in_cluster_mode ? var.replicas_per_shard : null
    automatic_failover_enabled = local.automatic_failover_enabled
    multi_az_enabled           = local.multi_az_enabled
    snapshot_retention_limit   = coalesce(var.snapshot_retention_limit, local.environment == "production" ? 7 : 1)
  }

  precondition {
    condition     = length(local.topology_refusals) == 0
    error_message = join("\n", local.topology_refusals)
  }
}

output "node" {
  description = "Type, vCPUs and memory in GiB of a node, and how much of the memory of all primaries holds data."
  value = {
    type              = var.node_type
    vcpus             = local.node_vcpus
    memory_gib        = local.node_memory_gib
    memory_gib_usable = local.memory_gib_usable
  }

  precondition {
    condition     = length(local.node_refusals) == 0
    error_message = join("\n", local.node_refusals)
  }
}

output "node_ids" {
  description = "Ids of the nodes, the dimension CacheClusterId of their metrics."
  value       = local.node_ids
}

output "engine" {
  description = "Engine, its version, the family of its parameters, and the group of them: a name, or null and what the group to make says."
  value = {
    name                  = var.engine
    version               = var.engine_version
    family                = local.family
    parameter_group_name  = local.parameter_group_name
    makes_parameter_group = local.makes_parameter_group
    parameters            = local.parameters
  }

  precondition {
    condition     = length(local.engine_refusals) == 0
    error_message = join("\n", local.engine_refusals)
  }
}

output "authentication" {
  description = "Who logs in how: users or token, the strategy for the group, and which passwords are good."
  value = {
    kind                        = var.authentication
    auth_token_update_strategy  = var.auth_token_update_strategy
    service_username            = local.service_username
    service_password_version    = tostring(var.service_password_version)
    service_password_versions   = local.service_password_versions
    consumer_password_version   = tostring(var.consumer_password_version)
    consumer_password_versions  = local.consumer_password_versions
    password_length             = local.password_length
    password_special_characters = local.password_special_characters
  }

  precondition {
    condition     = length(local.authentication_refusals) == 0
    error_message = join("\n", local.authentication_refusals)
  }

  precondition {
    condition     = length(local.token_refusals) == 0
    error_message = join("\n", local.token_refusals)
  }
}

output "service_access_string" {
  description = "Access string of the service's user."
  value       = local.service_access_string
}

output "consumer_access_string" {
  description = "Access string of the user `default`, which subscribers are."
  value       = local.consumer_access_string
}

output "port" {
  description = "The one port."
  value       = var.port

  precondition {
    condition     = length(local.network_refusals) == 0
    error_message = join("\n", local.network_refusals)
  }
}

output "vpc_id" {
  description = "VPC of the subnets."
  value       = var.vpc_id

  # Apart, for the reason that token_refusals is.
  precondition {
    condition     = var.vpc_id != null
    error_message = "vpc_id is absent: the module makes the security group, in the VPC of the subnets. Write its id."
  }
}

output "alarms" {
  description = "Thresholds of the alarms of modules/valkey-alarms."
  value = {
    cpu_metric                = local.cpu_alarm_metric
    cpu_threshold             = local.cpu_alarm_threshold
    expected_connections      = local.expected_connections
    connections_threshold     = local.connections_threshold
    new_connections_threshold = local.new_connections_threshold
    freeable_memory_threshold = local.freeable_memory_threshold
  }

  precondition {
    condition     = length(local.alarm_refusals) == 0
    error_message = join("\n", local.alarm_refusals)
  }
}

output "tags" {
  description = "Tags of everything."
  value = merge(var.additional_tags, {
    Name        = local.name
    Environment = lower(local.environment)
    ManagedBy   = "Terraform"
  })
}
