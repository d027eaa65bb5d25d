data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  secrets = "arn:${data.aws_partition.current.partition}:secretsmanager:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:secret:tenants"
  issuer  = split(":oidc-provider/", var.oidc_provider_arn)[1]
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "ServiceAccount"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.oidc_provider_arn]
    }

    # Both: without the subject every pod of the cluster could take the role.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:${var.namespace}:${var.service_account}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

# docs/SECRETS.md says what each is for. Nothing lists secrets, and nothing outside tenants/ is touched.
data "aws_iam_policy_document" "service" {
  statement {
    sid = "TenantSecrets"
    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:RestoreSecret",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [for environment in var.tenant_environments : "${local.secrets}/${environment}/*"]
  }

  # A secret that nobody has: readiness asks for it to see whether Secrets Manager answers.
  statement {
    sid       = "Readiness"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = ["${local.secrets}/pool-manager/health*"]
  }

  dynamic "statement" {
    for_each = var.secrets_kms_key_arn == null ? [] : [var.secrets_kms_key_arn]

    content {
      sid       = "TenantSecretsKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${data.aws_region.current.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "service" {
  name               = var.name
  description        = "The pool-manager: tenants' secrets"
  assume_role_policy = data.aws_iam_policy_document.trust.json

  tags = merge(var.additional_tags, {
    Name        = var.name
    Environment = lower(var.environment)
    ManagedBy   = "Terraform"
  })
}

resource "aws_iam_role_policy" "service" {
  name   = "tenant-secrets"
  role   = aws_iam_role.service.id
  policy = data.aws_iam_policy_document.service.json
}
