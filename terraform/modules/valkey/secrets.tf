locals {
  # The primary's address moves with a fail-over; the configuration endpoint stays the same when shards come and go.
  address = local.is_in_clusters ? aws_elasticache_replication_group.this.configuration_endpoint_address : aws_elasticache_replication_group.this.primary_endpoint_address
}

# The provider plans an update of a version whose text is not known yet, and then wants to replace it, which Terraform refuses in the middle
# of an apply. So it is replaced whenever the text will be another: another password, another address, users instead of a token.
resource "terraform_data" "service_secret" {
  input = { password = "${module.settings.authentication.kind} ${module.settings.authentication.service_password_version}", address = local.address }
}

resource "terraform_data" "consumer_secret" {
  input = { password = "${module.settings.authentication.kind} ${local.consumer_password_version}", address = local.address }
}

# What the service reads, by the name of each variable: External Secrets makes the Kubernetes Secret `valkey-credentials` from it.
resource "aws_secretsmanager_secret" "service" {
  #checkov:skip=CKV2_AWS_57: a password here is good only if ElastiCache knows it too, so it is rotated by Terraform (README.md), not by a Lambda
  name                    = "pool-manager/${var.environment}/${local.name}/service"
  description             = "CACHE_ADDRS, CACHE_USERNAME and CACHE_PASSWORD of the pool-manager (${var.environment})"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.secret_recovery_days
  tags                    = module.settings.tags
}

resource "aws_secretsmanager_secret_version" "service" {
  secret_id = aws_secretsmanager_secret.service.id
  secret_string = jsonencode({
    CACHE_ADDRS    = "${local.address}:${module.settings.port}"
    CACHE_USERNAME = module.settings.authentication.service_username
    CACHE_PASSWORD = local.service_password
  })

  lifecycle {
    replace_triggered_by = [terraform_data.service_secret]
  }
}

# What subscribers of the event bus read: every service with MULTI_TENANT_REDIS_*.
resource "aws_secretsmanager_secret" "consumer" {
  #checkov:skip=CKV2_AWS_57: a password here is good only if ElastiCache knows it too, so it is rotated by Terraform (README.md), not by a Lambda
  name                    = "pool-manager/${var.environment}/${local.name}/consumers"
  description             = "MULTI_TENANT_REDIS_* of the services that listen to tenants' events (${var.environment})"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.secret_recovery_days
  tags                    = module.settings.tags
}

resource "aws_secretsmanager_secret_version" "consumer" {
  secret_id = aws_secretsmanager_secret.consumer.id
  secret_string = jsonencode({
    MULTI_TENANT_REDIS_HOST     = local.address
    MULTI_TENANT_REDIS_PORT     = tostring(module.settings.port)
    MULTI_TENANT_REDIS_PASSWORD = local.consumer_password
    MULTI_TENANT_REDIS_TLS      = "true"
  })

  lifecycle {
    replace_triggered_by = [terraform_data.consumer_secret]
  }
}
