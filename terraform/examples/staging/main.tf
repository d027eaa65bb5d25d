module "valkey" {
  source = "../../modules/valkey"

  environment = "staging"

  # One node, as staging can be without its cache for some minutes: node_count = 2 makes a replica that takes over.
  cluster_mode = false
  node_type    = var.node_type
  node_count   = var.node_count

  engine_version = var.engine_version

  vpc_id                    = data.aws_vpc.this.id
  subnet_ids                = data.aws_subnets.database.ids
  client_security_group_ids = [data.aws_security_group.nodes.id]

  authentication                   = var.authentication
  auth_token_update_strategy       = var.auth_token_update_strategy
  service_password_version         = var.service_password_version
  service_previous_password_valid  = var.service_previous_password_valid
  consumer_password_version        = var.consumer_password_version
  consumer_previous_password_valid = var.consumer_previous_password_valid
  rotation_started_on              = var.rotation_started_on

  service_replicas     = var.service_replicas
  service_pool_size    = var.service_pool_size
  consumer_connections = var.consumer_connections

  apply_immediately = true

  additional_tags = var.additional_tags
}

module "alarms" {
  source = "../../modules/valkey-alarms"

  name            = module.valkey.name
  environment     = "staging"
  node_ids        = module.valkey.node_ids
  thresholds      = module.valkey.alarms
  email_addresses = var.alarm_email_addresses
  additional_tags = var.additional_tags
}

# For SECRETS_BACKEND=aws.
module "service_role" {
  source = "../../modules/service-role"

  name                = "pool-manager-staging"
  environment         = "staging"
  oidc_provider_arn   = data.aws_iam_openid_connect_provider.eks.arn
  tenant_environments = var.tenant_environments
  secrets_kms_key_arn = var.secrets_kms_key_arn
  additional_tags     = var.additional_tags
}
