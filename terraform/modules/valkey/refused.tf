# Inputs of other modules, handed on to modules/valkey-settings, which says what to write instead.

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
