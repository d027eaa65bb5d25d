resource "aws_elasticache_user" "service" {
  count = local.is_with_users ? 1 : 0

  user_id       = "${local.name}-service"
  user_name     = module.settings.authentication.service_username
  engine        = "valkey"
  access_string = module.settings.service_access_string
  tags          = module.settings.tags

  authentication_mode {
    type      = "password"
    passwords = [for password in random_password.service : password.result]
  }
}

# Who sends a password and no name is `default`. ElastiCache's own user of that name asks for no password and may do everything: this one
# stands in its place.
resource "aws_elasticache_user" "consumer" {
  count = local.is_with_users ? 1 : 0

  user_id       = "${local.name}-consumer"
  user_name     = "default"
  engine        = "valkey"
  access_string = module.settings.consumer_access_string
  tags          = module.settings.tags

  authentication_mode {
    type      = "password"
    passwords = [for password in random_password.consumer : password.result]
  }
}

resource "aws_elasticache_user_group" "this" {
  count = local.is_with_users ? 1 : 0

  user_group_id = local.name
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.consumer[0].user_id, aws_elasticache_user.service[0].user_id]
  tags          = module.settings.tags
}
