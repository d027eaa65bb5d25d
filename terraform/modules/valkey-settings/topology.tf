locals {
  # What is absent is refused. So that all other reasons are told, too, it is taken for what the inputs of other modules mean.
  environment        = coalesce(var.environment, "staging")
  is_in_cluster_mode = coalesce(var.cluster_mode, var.cluster_mode_enabled, var.num_node_groups != null)

  name = coalesce(var.name, local.environment == "production" ? "lerian-valkey-prod" : "lerian-valkey-staging")

  shards = local.is_in_cluster_mode ? var.shards : 1
  # Nodes that hold the same keys: one primary and its replicas.
  copies = local.is_in_cluster_mode ? var.replicas_per_shard + 1 : var.node_count

  # Cluster mode wants fail-over switched on, whether there is a replica or not.
  automatic_failover_enabled = coalesce(var.automatic_failover_enabled, local.is_in_cluster_mode || local.copies > 1)
  multi_az_enabled           = coalesce(var.multi_az_enabled, local.copies > 1)

  # As ElastiCache names them. After a replica in the middle was taken away by hand the numbers have a gap: see `member_clusters`.
  node_ids = local.is_in_cluster_mode ? flatten([
    for shard in range(1, local.shards + 1) : [
      for copy in range(1, local.copies + 1) : format("%s-%04d-%03d", local.name, shard, copy)
    ]
  ]) : [for copy in range(1, local.copies + 1) : format("%s-%03d", local.name, copy)]

  copies_input = local.is_in_cluster_mode ? "replicas_per_shard = ${var.replicas_per_shard}" : "node_count = ${var.node_count}"
  one_more     = local.is_in_cluster_mode ? "replicas_per_shard = 1" : "node_count = 2"

  topology_refusals = compact([
    var.environment == null ?
    "environment is absent: write \"staging\" or \"production\"." : "",

    var.cluster_mode == null ?
    "cluster_mode is absent: write false for one shard (CACHE_MODE=single) or true for several (CACHE_MODE=cluster); a group in cluster mode stays in it." : "",

    local.is_in_cluster_mode && !local.automatic_failover_enabled ?
    "automatic_failover_enabled = false with cluster_mode: ElastiCache makes no cluster without fail-over. Leave automatic_failover_enabled out." : "",

    !local.is_in_cluster_mode && local.copies < 2 && local.automatic_failover_enabled ?
    "automatic_failover_enabled = true with ${local.copies_input}: nobody is there to take over. Write ${local.one_more}." : "",

    local.copies < 2 && local.multi_az_enabled ?
    "multi_az_enabled = true with ${local.copies_input}: one node stands in one zone. Write ${local.one_more}." : "",

    local.multi_az_enabled && !local.automatic_failover_enabled ?
    "multi_az_enabled = true without automatic_failover_enabled: another zone is of no use if nothing goes over to it. Leave both out." : "",

    local.is_in_cluster_mode && local.shards == 1 && local.copies == 1 ?
    "cluster_mode with one shard and no replica is one node that cannot be told from a group without cluster mode (the provider then reads it back wrongly). Write cluster_mode = false, or more shards." : "",

    local.environment == "production" && local.copies < 2 ?
    "${local.copies_input} in production: a node that fails takes its keys with it until another is made. Write ${local.one_more}." : "",

    local.environment == "production" && local.copies > 1 && !local.multi_az_enabled ?
    "multi_az_enabled = false in production: the loss of a zone would be the loss of the cache. Leave it out." : "",

    local.multi_az_enabled && try(var.subnet_count < 2, false) ?
    "there is ${coalesce(var.subnet_count, 0)} subnet, but multi_az_enabled needs subnets in two zones at least." : "",
  ])
}
