# What a node of each type has. Memory is what the engine is given, in GiB, before the reserve. A type that is not here is refused:
# without its vCPUs no alarm on CPU can be right.
locals {
  vcpus_of_size = {
    micro = 2, small = 2, medium = 2, large = 2, xlarge = 4, "2xlarge" = 8, "4xlarge" = 16
  }

  memory_gib = {
    "cache.t4g.micro"   = 0.5
    "cache.t4g.small"   = 1.37
    "cache.t4g.medium"  = 3.09
    "cache.m6g.large"   = 6.38
    "cache.m6g.xlarge"  = 12.93
    "cache.m6g.2xlarge" = 26.04
    "cache.m6g.4xlarge" = 52.26
    "cache.m7g.large"   = 6.38
    "cache.m7g.xlarge"  = 12.93
    "cache.m7g.2xlarge" = 26.04
    "cache.m7g.4xlarge" = 52.26
    "cache.r6g.large"   = 13.07
    "cache.r6g.xlarge"  = 26.32
    "cache.r6g.2xlarge" = 52.82
    "cache.r6g.4xlarge" = 105.81
    "cache.r7g.large"   = 13.07
    "cache.r7g.xlarge"  = 26.32
    "cache.r7g.2xlarge" = 52.82
    "cache.r7g.4xlarge" = 105.81
  }

  # reserved-memory-percent of the default parameter groups.
  reserved_percent = 25

  is_known_node     = contains(keys(local.memory_gib), var.node_type)
  node_vcpus        = lookup(local.vcpus_of_size, try(split(".", var.node_type)[2], "-"), 2)
  node_memory_gib   = lookup(local.memory_gib, var.node_type, 0)
  is_burstable      = can(regex("^cache\\.t", var.node_type))
  memory_gib_total  = local.node_memory_gib * local.shards
  memory_gib_usable = floor(local.memory_gib_total * (100 - local.reserved_percent)) / 100

  node_refusals = compact([
    local.is_known_node ? "" : "node_type is \"${var.node_type}\", which nodes.tf does not know: write one of ${join(", ", keys(local.memory_gib))}, or add it there with its memory.",

    local.environment == "production" && local.is_burstable ?
    "node_type is \"${var.node_type}\" in production: a burstable node does a fraction of its vCPUs once its credits are used up, just when there is load. Write cache.m7g.large or cache.r7g.large." : "",

    var.expected_data_gib != null && local.is_known_node && try(var.expected_data_gib > local.memory_gib_usable, false) ?
    format(
      "expected_data_gib is %g and does not fit: the primaries (%d x %s) have %.2f GiB, of which %d %% are reserved, so %.2f GiB hold data (replicas hold the same data again). Add shards or take a larger node_type.",
      var.expected_data_gib, local.shards, var.node_type, local.memory_gib_total, local.reserved_percent, local.memory_gib_usable,
    ) : "",
  ])
}
