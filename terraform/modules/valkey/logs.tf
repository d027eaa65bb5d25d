# The slow log has the beginnings of commands' arguments, and so of keys and values; what is secret among those is sealed by the service.
resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["slow-log", "engine-log"])

  name              = "/aws/elasticache/${local.name}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = module.settings.tags
}
