variable "name" {
  description = "Name of the role."
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

variable "oidc_provider_arn" {
  description = "ARN of the OIDC provider of the EKS cluster: arn:aws:iam::<account>:oidc-provider/oidc.eks.<region>.amazonaws.com/id/<id>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(":oidc-provider/.+", var.oidc_provider_arn))
    error_message = "oidc_provider_arn is \"${var.oidc_provider_arn}\"; it must be that of an IAM OIDC provider, such as arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-2.amazonaws.com/id/ABC."
  }
}

variable "namespace" {
  description = "Namespace of the service."
  type        = string
  default     = "pool-manager"
  nullable    = false
}

variable "service_account" {
  description = "Service account of the service."
  type        = string
  default     = "pool-manager"
  nullable    = false
}

variable "tenant_environments" {
  description = "Environments whose tenants it serves, staging and production: their secrets are below tenants/{environment}/."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.tenant_environments) > 0 && alltrue([for environment in var.tenant_environments : contains(["staging", "production"], environment)])
    error_message = "tenant_environments must name staging, production or both."
  }
}

variable "secrets_kms_key_arn" {
  description = "SECRETS_KMS_KEY_ID of the service, as an ARN. Null: the account's own key, which needs no right."
  type        = string
  default     = null
}

variable "additional_tags" {
  description = "Tags beside Name, Environment and ManagedBy."
  type        = map(string)
  default     = {}
  nullable    = false
}
