terraform {
  # 1.9: a validation may look at other variables. No provider is needed: this module only decides.
  required_version = ">= 1.9.0, < 2.0.0"
}
