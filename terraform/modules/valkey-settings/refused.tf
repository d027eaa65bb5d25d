# Inputs that have no place here, and are known from other modules and from documents that are copied. Each is refused with
# the reason and what to write instead: "Unsupported argument" would not say it. Not by `validation` blocks: those would hide all other
# reasons until they are mended.

locals {
  input_refusals = compact([
    var.cluster_id == null ? "" :
    "cluster_id belongs to aws_elasticache_cluster, which makes Memcached and Redis OSS only: Valkey is always a replication group. Leave it out; `name` is the id of the group.",

    var.num_cache_nodes == null ? "" :
    "num_cache_nodes belongs to aws_elasticache_cluster, which cannot make Valkey. Write node_count = 1, or 2 for a replica that takes over.",

    var.num_cache_clusters == null ? "" :
    "num_cache_clusters is called node_count here.",

    var.num_node_groups == null ? "" :
    "num_node_groups is called shards here.",

    var.replicas_per_node_group == null ? "" :
    "replicas_per_node_group is called replicas_per_shard here.",

    var.cluster_mode_enabled == null ? "" :
    "cluster_mode_enabled is called cluster_mode here.",

    var.replication_group_id == null ? "" :
    "replication_group_id is called name here; null is lerian-valkey-staging or lerian-valkey-prod.",

    var.security_group_ids == null ? "" :
    "security_group_ids has no place here: the module makes a security group that opens one port to client_security_group_ids and nothing outwards. Name the group of the EKS nodes there.",

    var.ingress_to_port == null || var.ingress_to_port == var.port ? "" :
    "ingress_to_port opens a range of ports. A node listens on one port, TLS included, in cluster mode too: 6379. 6380 is the reader of a serverless cache. Leave it out.",

    var.egress_cidr_blocks == null ? "" :
    "egress_cidr_blocks has no place here: nodes answer, and what answers needs no egress rule (security groups keep state). Nothing is opened outwards.",

    coalesce(var.at_rest_encryption_enabled, true) ? "" :
    "at_rest_encryption_enabled = false: snapshots hold idempotency records and settings of tenants. It is always on; leave it out.",

    coalesce(var.transit_encryption_enabled, true) ? "" :
    "transit_encryption_enabled = false: passwords and AUTH tokens need TLS. It is always on; leave it out.",

    !coalesce(var.auto_minor_version_upgrade, false) ? "" :
    "auto_minor_version_upgrade = true: after AWS had gone from 8.0 to 8.1, the engine_version written here would be lower than the real one, and the provider replaces a group for that, with a new address. Raise engine_version instead; patches come anyhow.",
  ])
}

variable "cluster_id" {
  description = "Refused: Valkey has no cache cluster of its own."
  type        = string
  default     = null
}

variable "num_cache_nodes" {
  description = "Refused: see node_count."
  type        = number
  default     = null
}

variable "num_cache_clusters" {
  description = "Refused: see node_count."
  type        = number
  default     = null
}

variable "num_node_groups" {
  description = "Refused: see shards."
  type        = number
  default     = null
}

variable "replicas_per_node_group" {
  description = "Refused: see replicas_per_shard."
  type        = number
  default     = null
}

variable "cluster_mode_enabled" {
  description = "Refused: see cluster_mode."
  type        = bool
  default     = null
}

variable "replication_group_id" {
  description = "Refused: see name."
  type        = string
  default     = null
}

variable "security_group_ids" {
  description = "Refused: the module makes the security group."
  type        = list(string)
  default     = null
}

variable "ingress_to_port" {
  description = "Refused: there is one port."
  type        = number
  default     = null
}

variable "egress_cidr_blocks" {
  description = "Refused: the nodes open no connections."
  type        = list(string)
  default     = null
}

variable "at_rest_encryption_enabled" {
  description = "Refused unless true, which it always is."
  type        = bool
  default     = null
}

variable "transit_encryption_enabled" {
  description = "Refused unless true, which it always is."
  type        = bool
  default     = null
}

variable "auto_minor_version_upgrade" {
  description = "Refused unless false, which it always is."
  type        = bool
  default     = null
}
