data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "valkey_key" {
  #checkov:skip=CKV_AWS_109: a key's policy speaks of this key alone, and without the account nobody could administer it
  #checkov:skip=CKV_AWS_111: as above
  #checkov:skip=CKV_AWS_356: as above: in a key's policy "*" is the key itself
  # The account's own policies decide who may use it: ElastiCache and Secrets Manager act for those who call them.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${data.aws_partition.current.partition}:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/elasticache/*"]
    }
  }
}

resource "aws_kms_key" "valkey" {
  description             = "Data at rest, secrets and logs of lerian-valkey-prod"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.valkey_key.json

  tags = merge(var.additional_tags, {
    Name        = "lerian-valkey-prod"
    Environment = "production"
    ManagedBy   = "Terraform"
  })
}
