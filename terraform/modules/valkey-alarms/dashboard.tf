locals {
  # Three in a row, in the order in which one looks.
  charts = [
    { metric = "EngineCPUUtilization", statistic = "Average" },
    { metric = "CPUUtilization", statistic = "Average" },
    { metric = "DatabaseMemoryUsagePercentage", statistic = "Average" },
    { metric = "CurrConnections", statistic = "Maximum" },
    { metric = "NewConnections", statistic = "Sum" },
    { metric = "Evictions", statistic = "Sum" },
    { metric = "CacheHits", statistic = "Sum" },
    { metric = "CacheMisses", statistic = "Sum" },
    { metric = "ReplicationLag", statistic = "Average" },
    { metric = "SuccessfulReadRequestLatency", statistic = "p99" },
    { metric = "SuccessfulWriteRequestLatency", statistic = "p99" },
    { metric = "TrafficManagementActive", statistic = "Maximum" },
    { metric = "AuthenticationFailures", statistic = "Sum" },
    { metric = "NetworkBandwidthInAllowanceExceeded", statistic = "Sum" },
    { metric = "NetworkBandwidthOutAllowanceExceeded", statistic = "Sum" },
  ]

  lines = {
    (var.thresholds.cpu_metric)   = var.thresholds.cpu_threshold
    CurrConnections               = var.thresholds.connections_threshold
    DatabaseMemoryUsagePercentage = var.memory_percentage
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "text"
        x          = 0
        y          = 0
        width      = 24
        height     = 2
        properties = { markdown = "# ${var.name}\nEach line is a node. What each alarm means and what to do: ${var.runbook_url}" }
      }],
      [for place, chart in local.charts : {
        type   = "metric"
        x      = 8 * (place % 3)
        y      = 2 + 6 * floor(place / 3)
        width  = 8
        height = 6
        properties = merge(
          {
            title   = chart.metric
            view    = "timeSeries"
            stacked = false
            region  = data.aws_region.current.region
            period  = 60
            stat    = chart.statistic
            metrics = [for node in var.node_ids : ["AWS/ElastiCache", chart.metric, "CacheClusterId", node, { label = node }]]
          },
          contains(keys(local.lines), chart.metric) ? {
            annotations = { horizontal = [{ label = "alarm", value = local.lines[chart.metric] }] }
          } : {},
        )
      }],
    )
  })
}
