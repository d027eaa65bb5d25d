variable "environment" {
  description = "Deployment ring: staging or production. It has to be said. It decides the name, and production refuses what staging may do."
  type        = string
  default     = null

  validation {
    condition     = var.environment == null || contains(["staging", "production"], coalesce(var.environment, "-"))
    error_message = "environment must be \"staging\" or \"production\", in lower case: the channels of the event bus are named by it."
  }
}

variable "name" {
  description = "Id of the replication group and beginning of every other name. Null: lerian-valkey-staging or lerian-valkey-prod."
  type        = string
  default     = null

  validation {
    # 30, so that the ids of the users, which have 40, still fit.
    condition     = var.name == null || can(regex("^[a-z]([a-z0-9]|-[a-z0-9]){0,29}$", var.name)) && length(coalesce(var.name, "-")) <= 30
    error_message = "name must have 1 to 30 lower-case letters, digits and single hyphens, begin with a letter and not end in a hyphen: ElastiCache refuses others, or writes them in lower case."
  }
}

variable "cluster_mode" {
  description = "Whether keys are spread over shards. It has to be said, and cannot be taken back: a group in cluster mode stays in it."
  type        = bool
  default     = null
}

variable "node_type" {
  description = "Node type, one of nodes.tf."
  type        = string
  default     = "cache.r7g.large"
  nullable    = false
}

variable "node_count" {
  description = "Nodes of a group without cluster mode: 1, or 2 to 6 for a primary and its replicas."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.node_count >= 1 && var.node_count <= 6 && floor(var.node_count) == var.node_count
    error_message = "node_count is ${var.node_count}; a group has one primary and at most five replicas: write 1 to 6."
  }
}

variable "shards" {
  description = "Shards of a group in cluster mode."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.shards >= 1 && var.shards <= 90 && floor(var.shards) == var.shards
    error_message = "shards is ${var.shards}; write 1 to 90 (more needs a higher quota of the account)."
  }
}

variable "replicas_per_shard" {
  description = "Replicas of each shard of a group in cluster mode."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.replicas_per_shard >= 0 && var.replicas_per_shard <= 5 && floor(var.replicas_per_shard) == var.replicas_per_shard
    error_message = "replicas_per_shard is ${var.replicas_per_shard}; write 0 to 5."
  }
}

variable "automatic_failover_enabled" {
  description = "Whether a replica takes over. Null: wherever there is one."
  type        = bool
  default     = null
}

variable "multi_az_enabled" {
  description = "Whether the nodes of a shard stand in different zones. Null: wherever there is a replica."
  type        = bool
  default     = null
}

variable "subnet_count" {
  description = "How many subnets the nodes may stand in. Null: not known here."
  type        = number
  default     = null
}

variable "expected_data_gib" {
  description = "GiB of keys and values that are to fit. Null: not checked."
  type        = number
  default     = null
}

variable "engine" {
  description = "Engine: valkey."
  type        = string
  default     = "valkey"
  nullable    = false

  validation {
    condition     = var.engine == "valkey"
    error_message = "engine is \"${var.engine}\"; the service is tested with Valkey: write \"valkey\"."
  }
}

variable "engine_version" {
  description = "Major and minor version. Patches come by themselves; to raise it, write the next one here."
  type        = string
  default     = "8.0"
  nullable    = false

  validation {
    condition     = can(regex("^(7\\.2|8\\.[0-9]|9\\.[0-9])$", var.engine_version))
    error_message = "engine_version is \"${var.engine_version}\"; Valkey begins with 7.2 (6.x and 7.1 are Redis OSS), and the patch is not written: \"8.0\"."
  }
}

variable "parameter_group_name" {
  description = "Parameter group that exists already. Null: the default one that fits, or one of its own where `parameters` says something."
  type        = string
  default     = null
}

variable "parameters" {
  description = "Parameters by name that differ from the defaults of the engine, such as maxmemory-policy."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "port" {
  description = "Port that every node listens on, with TLS."
  type        = number
  default     = 6379
  nullable    = false

  validation {
    condition     = var.port >= 1024 && var.port <= 65535
    error_message = "port is ${var.port}; write 6379."
  }
}

variable "authentication" {
  description = "users: RBAC users, one for the service and `default` for subscribers. token: one AUTH token for everybody."
  type        = string
  default     = "users"
  nullable    = false

  validation {
    condition     = contains(["users", "token"], var.authentication)
    error_message = "authentication is \"${var.authentication}\"; write \"users\" or \"token\"."
  }
}

variable "auth_token" {
  description = "AUTH token that exists already. Null: the module makes one. Only with authentication = \"token\"."
  type        = string
  default     = null
  sensitive   = true
}

variable "auth_token_update_strategy" {
  description = "With a token: SET, or ROTATE while a new one is spread. With users: DELETE if the group had a token before, else null."
  type        = string
  default     = null

  validation {
    condition     = var.auth_token_update_strategy == null || contains(["SET", "ROTATE", "DELETE"], coalesce(var.auth_token_update_strategy, "-"))
    error_message = "auth_token_update_strategy must be \"SET\", \"ROTATE\" or \"DELETE\", in capitals."
  }
}

variable "service_password_version" {
  description = "Number of the service's password, or of the AUTH token. One higher makes a new one."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.service_password_version >= 1 && floor(var.service_password_version) == var.service_password_version
    error_message = "service_password_version is ${var.service_password_version}; count 1, 2, 3."
  }
}

variable "service_previous_password_valid" {
  description = "Whether the service's password of the version before is good, too. Only while it is rotated, and only with users."
  type        = bool
  default     = false
  nullable    = false
}

variable "consumer_password_version" {
  description = "Number of the password of the user `default`, which subscribers are. One higher makes a new one."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.consumer_password_version >= 1 && floor(var.consumer_password_version) == var.consumer_password_version
    error_message = "consumer_password_version is ${var.consumer_password_version}; count 1, 2, 3."
  }
}

variable "consumer_previous_password_valid" {
  description = "Whether the subscribers' password of the version before is good, too. Only while it is rotated, and only with users."
  type        = bool
  default     = false
  nullable    = false
}

variable "rotation_started_on" {
  description = "Day on which a rotation was begun (2026-01-31), while two passwords or tokens are good. Null otherwise."
  type        = string
  default     = null

  validation {
    condition     = var.rotation_started_on == null || can(formatdate("YYYY", "${var.rotation_started_on}T00:00:00Z"))
    error_message = "rotation_started_on must be a day such as 2026-01-31."
  }
}

variable "rotation_days" {
  description = "After how many days a rotation that was not finished is refused."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 90 && floor(var.rotation_days) == var.rotation_days
    error_message = "rotation_days is ${var.rotation_days}; write 1 to 90 whole days: until then two passwords or tokens are good."
  }
}

variable "consumer_channels" {
  description = "Channels that subscribers may listen on, as patterns. `tenant-events:staging:` alone is the narrowest."
  type        = list(string)
  default     = ["tenant-events:*"]
  nullable    = false

  validation {
    condition     = length(var.consumer_channels) > 0 && alltrue([for channel in var.consumer_channels : can(regex("^tenant-events:[^[:space:]]*$", channel))])
    error_message = "consumer_channels must name channels of the event bus: each begins with \"tenant-events:\" and has no blank. Its own ends in a colon: \"tenant-events:staging:\"."
  }
}

variable "client_security_group_ids" {
  description = "Security groups that may connect: that of the EKS nodes. At least one."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "vpc_id" {
  description = "VPC of the subnets. It has to be given."
  type        = string
  default     = null
}

variable "service_replicas" {
  description = "Most pods of the service at one time: the maximum of its autoscaler, and one for a rolling update."
  type        = number
  default     = 6
  nullable    = false
}

variable "service_pool_size" {
  description = "CACHE_POOL_SIZE of the service. From 2 on it makes no difference: no more links of the pool are opened to one node."
  type        = number
  default     = 10
  nullable    = false
}

variable "consumer_connections" {
  description = "Connections of all subscribers together, each of which may be with any node."
  type        = number
  default     = 50
  nullable    = false
}

variable "connections_threshold" {
  description = "Connections of one node above which an alarm is raised. Null: twice what is expected."
  type        = number
  default     = null
}

variable "cpu_alarm_metric" {
  description = "Metric of the CPU alarm. Null: the one that fits the node type."
  type        = string
  default     = null

  validation {
    condition     = var.cpu_alarm_metric == null || contains(["CPUUtilization", "EngineCPUUtilization"], coalesce(var.cpu_alarm_metric, "-"))
    error_message = "cpu_alarm_metric must be \"CPUUtilization\" or \"EngineCPUUtilization\"."
  }
}

variable "cpu_alarm_threshold" {
  description = "Per cent above which the CPU alarm is raised. Null: 90 % of the one core that the engine uses, or 80 % of EngineCPUUtilization."
  type        = number
  default     = null
}

variable "snapshot_retention_limit" {
  description = "Days that snapshots are kept. Null: 7 in production, 1 in staging."
  type        = number
  default     = null

  validation {
    condition     = var.snapshot_retention_limit == null || try(var.snapshot_retention_limit >= 0 && var.snapshot_retention_limit <= 35, false)
    error_message = "snapshot_retention_limit must be 0 to 35 days."
  }
}

variable "additional_tags" {
  description = "Tags beside Name, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}
