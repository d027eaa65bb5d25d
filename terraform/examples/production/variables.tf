variable "region" {
  description = "Region of everything."
  type        = string
  nullable    = false
}

variable "vpc_name" {
  description = "Tag Name of the VPC."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
  nullable    = false
}

variable "node_security_group_name" {
  description = "Tag Name of the security group of the EKS nodes. Null: <cluster_name>-node."
  type        = string
  default     = null
}

variable "node_type" {
  description = "Node type."
  type        = string
  default     = "cache.r7g.large"
  nullable    = false
}

variable "shards" {
  description = "Shards."
  type        = number
  default     = 3
  nullable    = false
}

variable "replicas_per_shard" {
  description = "Replicas of each shard."
  type        = number
  default     = 1
  nullable    = false
}

variable "engine_version" {
  description = "Major and minor version of Valkey."
  type        = string
  default     = "8.0"
  nullable    = false
}

variable "authentication" {
  description = "users (RBAC) or token (AUTH)."
  type        = string
  default     = "users"
  nullable    = false
}

variable "auth_token_update_strategy" {
  description = "With a token SET, or ROTATE during a rotation; with users null, or DELETE once there was a token."
  type        = string
  default     = null
}

variable "service_password_version" {
  description = "Number of the service's password or of the token: one higher makes a new one."
  type        = number
  default     = 1
  nullable    = false
}

variable "service_previous_password_valid" {
  description = "Whether the service's password before is good, too: during a rotation."
  type        = bool
  default     = false
  nullable    = false
}

variable "consumer_password_version" {
  description = "Number of the subscribers' password: one higher makes a new one."
  type        = number
  default     = 1
  nullable    = false
}

variable "consumer_previous_password_valid" {
  description = "Whether the subscribers' password before is good, too: during a rotation."
  type        = bool
  default     = false
  nullable    = false
}

variable "rotation_started_on" {
  description = "Day on which a rotation was begun, such as 2026-01-31. Null: none is going on."
  type        = string
  default     = null
}

variable "service_replicas" {
  description = "Most pods of the service at one time: maximum of the autoscaler, and one."
  type        = number
  default     = 6
  nullable    = false
}

variable "service_pool_size" {
  description = "CACHE_POOL_SIZE of the service."
  type        = number
  default     = 20
  nullable    = false
}

variable "consumer_connections" {
  description = "Connections of all subscribers of the event bus."
  type        = number
  default     = 50
  nullable    = false
}

variable "tenant_environments" {
  description = "Environments whose tenants the service serves."
  type        = list(string)
  default     = ["production"]
  nullable    = false
}

variable "secrets_kms_key_arn" {
  description = "SECRETS_KMS_KEY_ID of the service, as an ARN. Null: the account's own key."
  type        = string
  default     = null
}

variable "alarm_email_addresses" {
  description = "Who is sent a mail by alarms."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "additional_tags" {
  description = "Tags beside Name, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}
