locals {
  family = "valkey${split(".", var.engine_version)[0]}"

  default_parameter_group = local.is_in_cluster_mode ? "default.${local.family}.cluster.on" : "default.${local.family}"
  # A group of one's own only where it says something: the default ones follow what AWS recommends.
  makes_parameter_group = length(var.parameters) > 0
  parameter_group_name  = local.makes_parameter_group ? null : coalesce(var.parameter_group_name, local.default_parameter_group)

  # A group that is made has cluster-enabled = no unless it is said.
  parameters = merge(var.parameters, local.is_in_cluster_mode ? { cluster-enabled = "yes" } : {})

  is_default_group = startswith(coalesce(var.parameter_group_name, "-"), "default.")

  engine_refusals = compact([
    local.is_default_group && var.parameter_group_name != local.default_parameter_group ?
    "parameter_group_name is \"${coalesce(var.parameter_group_name, "-")}\", which does not fit ${local.is_in_cluster_mode ? "cluster mode" : "a group without cluster mode"} of Valkey ${var.engine_version}: write \"${local.default_parameter_group}\", or leave it out." : "",

    local.makes_parameter_group && var.parameter_group_name != null ?
    "parameter_group_name and parameters are both given: parameters go into a group that the module makes. Leave one of them out." : "",

    contains(keys(var.parameters), "cluster-enabled") ?
    "parameters names cluster-enabled, which follows from cluster_mode. Leave it out." : "",
  ])
}
