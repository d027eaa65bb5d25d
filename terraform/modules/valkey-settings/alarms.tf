# Thresholds, which depend on the node type and on how many connect.
locals {
  # The engine works on one core. Up to two vCPUs what else runs on the host takes from that core, so the host is what is watched: 90 %
  # of one core of two is 45 %. Above, the engine's own core.
  watches_host        = local.node_vcpus <= 2
  cpu_alarm_metric    = coalesce(var.cpu_alarm_metric, local.watches_host ? "CPUUtilization" : "EngineCPUUtilization")
  cpu_host_limit      = floor(90 / local.node_vcpus)
  cpu_alarm_threshold = coalesce(var.cpu_alarm_threshold, local.cpu_alarm_metric == "CPUUtilization" ? local.cpu_host_limit : 80)

  # The metric is of one node. To it a pod opens two links of its pool at most, for requests and for bulk work, however large the pool may
  # be, and one on which it is told of changed keys.
  links_of_pod              = min(var.service_pool_size, 2) + 1
  expected_connections      = var.service_replicas * local.links_of_pod + var.consumer_connections
  connections_threshold     = coalesce(var.connections_threshold, 2 * local.expected_connections)
  new_connections_threshold = 3 * local.expected_connections

  freeable_memory_threshold = max(100 * 1024 * 1024, floor(local.node_memory_gib * 1024 * 1024 * 1024 * 0.02))

  alarm_refusals = compact([
    local.watches_host && var.cpu_alarm_metric == "EngineCPUUtilization" ?
    "cpu_alarm_metric is EngineCPUUtilization, but ${var.node_type} has ${local.node_vcpus} vCPUs: the host is at its end before the engine's share of it shows. Leave cpu_alarm_metric out: CPUUtilization above ${local.cpu_host_limit} %." : "",

    local.cpu_alarm_metric == "CPUUtilization" && local.cpu_alarm_threshold > local.cpu_host_limit ?
    "cpu_alarm_threshold is ${local.cpu_alarm_threshold} % of ${local.node_vcpus} vCPUs, but the engine uses one of them: at ${local.cpu_host_limit} % it is full. Leave cpu_alarm_threshold out." : "",

    # Wide on purpose: only what is raised all day, or never, is refused.
    local.connections_threshold <= local.expected_connections || local.connections_threshold > 10 * local.expected_connections ?
    "connections_threshold is ${local.connections_threshold}, but a node has ${local.expected_connections} connections in ordinary use: ${var.service_replicas} pods x ${local.links_of_pod} links and ${var.consumer_connections} subscribers. Write ${local.expected_connections + 1} to ${10 * local.expected_connections}, or leave it out: ${2 * local.expected_connections}. Are there more clients, say so in service_replicas and consumer_connections." : "",
  ])
}
