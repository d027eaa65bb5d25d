# The state holds passwords: the bucket is private, encrypted and versioned, and few may read it.
terraform {
  backend "s3" {
    bucket       = "<PUT-YOUR-STATE-BUCKET-HERE>"
    key          = "aws/pool-manager-valkey/staging/terraform.tfstate"
    region       = "<PUT-YOUR-STATE-REGION-HERE>"
    kms_key_id   = "<PUT-YOUR-STATE-KEY-HERE>"
    encrypt      = true
    use_lockfile = true
  }
}
