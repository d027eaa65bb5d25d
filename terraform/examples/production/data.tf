data "aws_vpc" "this" {
  filter {
    name   = "tag:Name"
    values = [var.vpc_name]
  }
}

# The subnets of databases, which have no way to the internet.
data "aws_subnets" "database" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.this.id]
  }

  filter {
    name   = "tag:Type"
    values = ["database"]
  }
}

# The group of the nodes, not that of the control plane: pods speak with the address of their node's group.
data "aws_security_group" "nodes" {
  vpc_id = data.aws_vpc.this.id

  filter {
    name   = "tag:Name"
    values = [coalesce(var.node_security_group_name, "${var.cluster_name}-node")]
  }
}

data "aws_eks_cluster" "this" {
  name = var.cluster_name
}

data "aws_iam_openid_connect_provider" "eks" {
  url = data.aws_eks_cluster.this.identity[0].oidc[0].issuer
}
