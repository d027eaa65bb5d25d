# By number, so that a rotation adds one beside another: two may be good at one time. They are in the state, as ElastiCache can be told of
# two passwords only by attributes that are kept there: encrypt the state, and let few read it.
resource "random_password" "service" {
  for_each = toset(module.settings.authentication.service_password_versions)

  length           = module.settings.authentication.password_length
  override_special = module.settings.authentication.password_special_characters
  min_lower        = 1
  min_upper        = 1
  min_numeric      = 1

  keepers = { version = each.key }
}

resource "random_password" "consumer" {
  for_each = toset(local.is_with_users ? module.settings.authentication.consumer_password_versions : [])

  length           = module.settings.authentication.password_length
  override_special = module.settings.authentication.password_special_characters
  min_lower        = 1
  min_upper        = 1
  min_numeric      = 1

  keepers = { version = each.key }
}

locals {
  # With a token everybody has the same.
  consumer_password_version = local.is_with_users ? module.settings.authentication.consumer_password_version : module.settings.authentication.service_password_version

  made_password     = random_password.service[module.settings.authentication.service_password_version].result
  service_password  = local.is_token && var.auth_token != null ? var.auth_token : local.made_password
  consumer_password = local.is_with_users ? random_password.consumer[module.settings.authentication.consumer_password_version].result : local.service_password
}
