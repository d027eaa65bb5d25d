# Those that settings.tf hands on are checked there, in modules/valkey-settings.

variable "environment" {
  description = "Deployment ring: staging or production. It has to be said. It decides the name, and production refuses what staging may do."
  type        = string
  default     = null
}

variable "name" {
  description = "Id of the replication group and beginning of every other name. Null: lerian-valkey-staging or lerian-valkey-prod."
  type        = string
  default     = null
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
}

variable "shards" {
  description = "Shards of a group in cluster mode."
  type        = number
  default     = 3
  nullable    = false
}

variable "replicas_per_shard" {
  description = "Replicas of each shard of a group in cluster mode."
  type        = number
  default     = 1
  nullable    = false
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
}

variable "engine_version" {
  description = "Major and minor version. Patches come by themselves; to raise it, write the next one here."
  type        = string
  default     = "8.0"
  nullable    = false
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
}

variable "authentication" {
  description = "users: RBAC users, one for the service and `default` for subscribers. token: one AUTH token for everybody."
  type        = string
  default     = "users"
  nullable    = false
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
}

variable "service_password_version" {
  description = "Number of the service's password, or of the AUTH token. One higher makes a new one."
  type        = number
  default     = 1
  nullable    = false
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
}

variable "rotation_days" {
  description = "After how many days a rotation that was not finished is refused."
  type        = number
  default     = 7
  nullable    = false
}

variable "consumer_channels" {
  description = "Channels that subscribers may listen on, as patterns. `tenant-events:staging:` alone is the narrowest."
  type        = list(string)
  default     = ["tenant-events:*"]
  nullable    = false
}

variable "client_security_group_ids" {
  description = "Security groups that may connect: that of the EKS nodes. At least one."
  type        = list(string)
  default     = []
  nullable    = false
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
}

variable "additional_tags" {
  description = "Tags beside Name, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "description" {
  description = "Description of the replication group. Null: one that names the environment."
  type        = string
  default     = null
}

variable "vpc_id" {
  description = "VPC of the subnets. It has to be given."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Private subnets that the nodes stand in, of two zones at least wherever there is a replica."
  type        = list(string)
  nullable    = false
}

variable "maintenance_window" {
  description = "When AWS may replace nodes and apply what waits, in UTC: an hour at least."
  type        = string
  default     = "sun:05:00-sun:07:00"
  nullable    = false

  validation {
    # In capitals AWS would take it, and answer it in lower case: each plan would want to change it.
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance_window))
    error_message = "maintenance_window is \"${var.maintenance_window}\"; write days and hours in UTC, in lower case: \"sun:05:00-sun:07:00\"."
  }
}

variable "snapshot_window" {
  description = "When the daily snapshot is made, in UTC; not within the maintenance window."
  type        = string
  default     = "03:00-04:00"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.snapshot_window))
    error_message = "snapshot_window is \"${var.snapshot_window}\"; write hours in UTC: \"03:00-04:00\"."
  }
}

variable "apply_immediately" {
  description = "Whether changes are made at once, and not in the maintenance window."
  type        = bool
  default     = false
  nullable    = false
}

variable "snapshot_name" {
  description = "Snapshot that the group is made from. It counts only when the group is made; of one that is there nothing is changed. Null: it begins empty."
  type        = string
  default     = null
}

variable "final_snapshot_identifier" {
  description = "Name of a snapshot that is made before the group is destroyed. Null: none."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "KMS key of the data at rest and of the secrets. Null: the keys that AWS manages. It cannot be changed without a new group."
  type        = string
  default     = null
}

variable "log_kms_key_arn" {
  description = "KMS key of the log groups; its policy must let logs.<region>.amazonaws.com use it. Null: that of CloudWatch Logs."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days that the slow log and the engine log are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is ${var.log_retention_days}, which CloudWatch does not take: write one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be had back, 7 to 30; 0 deletes at once."
  type        = number
  default     = 7
  nullable    = false
}
