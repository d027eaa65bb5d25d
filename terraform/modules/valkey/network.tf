resource "aws_elasticache_subnet_group" "this" {
  name        = local.name
  description = "Subnets of ${local.name}"
  subnet_ids  = var.subnet_ids
  tags        = module.settings.tags
}

# Without any egress rule: Terraform takes the one away that AWS adds. Nodes only answer, and what they tell each other does not pass here.
resource "aws_security_group" "this" {
  name_prefix = "${local.name}-sg-"
  description = "Valkey of ${local.name}: one port, from its clients"
  vpc_id      = module.settings.vpc_id
  tags        = merge(module.settings.tags, { Name = "${local.name}-sg" })

  # A new one is attached before the old one goes, and names are unique in a VPC: hence the prefix.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  # By place and not by id, which may be known only after it was made.
  count = length(var.client_security_group_ids)

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.client_security_group_ids[count.index]
  description                  = "Valkey with TLS from its clients"
  ip_protocol                  = "tcp"
  from_port                    = module.settings.port
  to_port                      = module.settings.port
  tags                         = module.settings.tags
}
