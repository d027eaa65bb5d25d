resource "aws_elasticache_parameter_group" "this" {
  count = module.settings.engine.makes_parameter_group ? 1 : 0

  # With the family in its name: another family is another group, which has to be there before the old one goes.
  name        = "${local.name}-${module.settings.engine.family}"
  description = "Parameters of ${local.name}"
  family      = module.settings.engine.family
  tags        = module.settings.tags

  dynamic "parameter" {
    for_each = module.settings.engine.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}
