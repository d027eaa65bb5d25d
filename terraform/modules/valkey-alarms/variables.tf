variable "name" {
  description = "Id of the replication group, and beginning of every name."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "staging or production, for the tags."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment is \"${var.environment}\"; write \"staging\" or \"production\"."
  }
}

variable "node_ids" {
  description = "Ids of the nodes: the output node_ids of modules/valkey."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.node_ids) > 0
    error_message = "node_ids is empty: nothing would be watched. Write module.valkey.node_ids."
  }
}

variable "thresholds" {
  description = "What depends on the node type and the number of clients: the output alarms of modules/valkey."
  type = object({
    cpu_metric                = string
    cpu_threshold             = number
    connections_threshold     = number
    new_connections_threshold = number
    freeable_memory_threshold = number
  })
  nullable = false
}

variable "memory_percentage" {
  description = "Per cent of maxmemory above which the node is nearly full."
  type        = number
  default     = 80
  nullable    = false

  validation {
    condition     = var.memory_percentage > 0 && var.memory_percentage < 100
    error_message = "memory_percentage is ${var.memory_percentage}; at 100 keys are evicted already: write 1 to 99."
  }
}

variable "hit_rate_percentage" {
  description = "Per cent of look-ups that find something, below which an alarm is raised. The service looks in its own memory first, so half is not bad."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.hit_rate_percentage > 0 && var.hit_rate_percentage < 100
    error_message = "hit_rate_percentage is ${var.hit_rate_percentage}; below 0 the hit rate never is, below 100 always: write 1 to 99."
  }
}

variable "hit_rate_minimum_lookups" {
  description = "Look-ups within five minutes below which the hit rate means nothing."
  type        = number
  default     = 1000
  nullable    = false
}

variable "runbook_url" {
  description = "Where the runbook is read."
  type        = string
  default     = "docs/RUNBOOK.md"
  nullable    = false
}

variable "email_addresses" {
  description = "Who is sent a mail. Each address has to confirm the subscription."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "topic_kms_key_arn" {
  description = "KMS key of the topic; its policy must let cloudwatch.amazonaws.com use it. Null: one is made."
  type        = string
  default     = null
}

variable "additional_tags" {
  description = "Tags beside Name, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}
