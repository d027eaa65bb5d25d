# What is watched of every node. A node that sends nothing raises "Silent" and nothing else: all others take a missing value for a good one.
locals {
  # metric = the name in AWS/ElastiCache; section = the heading of the runbook; above or below say which side is bad.
  metrics = {
    (var.thresholds.cpu_metric) = {
      section = "Alarm: ${var.thresholds.cpu_metric}", statistic = "Average", seconds = 60, of = 5, breaching = 5
      above   = var.thresholds.cpu_threshold, below = null, says = "the engine's core is nearly full"
    }
    CurrConnections = {
      section = "Alarm: CurrConnections", statistic = "Maximum", seconds = 60, of = 10, breaching = 5
      above   = var.thresholds.connections_threshold, below = null, says = "more links than all clients should have"
    }
    NewConnections = {
      section = "Alarm: NewConnections", statistic = "Sum", seconds = 300, of = 2, breaching = 2
      above   = var.thresholds.new_connections_threshold, below = null, says = "links are made and lost all the time"
    }
    DatabaseMemoryUsagePercentage = {
      section = "Alarm: DatabaseMemoryUsagePercentage", statistic = "Average", seconds = 60, of = 5, breaching = 5
      above   = var.memory_percentage, below = null, says = "the node is filling up"
    }
    FreeableMemory = {
      section = "Alarm: FreeableMemory", statistic = "Average", seconds = 60, of = 5, breaching = 5
      above   = null, below = var.thresholds.freeable_memory_threshold, says = "the host runs out of memory"
    }
    Evictions = {
      section = "Alarm: Evictions", statistic = "Sum", seconds = 300, of = 1, breaching = 1
      above   = 0, below = null, says = "keys were dropped before their time"
    }
    ReplicationLag = {
      section = "Alarm: ReplicationLag", statistic = "Average", seconds = 60, of = 5, breaching = 5
      above   = 1, below = null, says = "the replica is behind by more than a second"
    }
    AuthenticationFailures = {
      section = "Alarm: AuthenticationFailures", statistic = "Sum", seconds = 300, of = 1, breaching = 1
      above   = 0, below = null, says = "somebody sends a wrong password"
    }
    CommandAuthorizationFailures = {
      section = "Alarm: CommandAuthorizationFailures", statistic = "Sum", seconds = 300, of = 1, breaching = 1
      above   = 0, below = null, says = "a user tried a command that is not its own"
    }
    KeyAuthorizationFailures = {
      section = "Alarm: KeyAuthorizationFailures", statistic = "Sum", seconds = 300, of = 1, breaching = 1
      above   = 0, below = null, says = "a user tried a key that is not its own"
    }
    ChannelAuthorizationFailures = {
      section = "Alarm: KeyAuthorizationFailures", statistic = "Sum", seconds = 300, of = 1, breaching = 1
      above   = 0, below = null, says = "a user tried a channel that is not its own"
    }
    TrafficManagementActive = {
      section = "Alarm: TrafficManagementActive", statistic = "Maximum", seconds = 60, of = 5, breaching = 3
      above   = 0, below = null, says = "ElastiCache slows traffic down"
    }
  }

  watched = {
    for pair in setproduct(var.node_ids, keys(local.metrics)) : "${pair[0]}-${pair[1]}" => {
      node   = pair[0]
      metric = pair[1]
      alarm  = local.metrics[pair[1]]
    }
  }
}
