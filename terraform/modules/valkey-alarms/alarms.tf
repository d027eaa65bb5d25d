resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.watched

  alarm_name        = each.key
  alarm_description = "${each.value.node}: ${each.value.alarm.says}. Read \"${each.value.alarm.section}\" in ${var.runbook_url}"

  namespace           = "AWS/ElastiCache"
  metric_name         = each.value.metric
  dimensions          = { CacheClusterId = each.value.node }
  statistic           = each.value.alarm.statistic
  period              = each.value.alarm.seconds
  evaluation_periods  = each.value.alarm.of
  datapoints_to_alarm = each.value.alarm.breaching
  comparison_operator = each.value.alarm.above == null ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = each.value.alarm.above == null ? each.value.alarm.below : each.value.alarm.above
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
  tags          = local.tags
}

# Some swap is normal; more than there is free memory is not.
resource "aws_cloudwatch_metric_alarm" "swap" {
  for_each = toset(var.node_ids)

  alarm_name          = "${each.key}-SwapUsage"
  alarm_description   = "${each.key}: more is swapped than is free. Read \"Alarm: SwapUsage\" in ${var.runbook_url}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "beyond"
    expression  = "swap - freeable"
    label       = "Swapped beyond what is free"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { swap = "SwapUsage", freeable = "FreeableMemory" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ElastiCache"
        metric_name = metric_query.value
        dimensions  = { CacheClusterId = each.key }
        stat        = "Average"
        period      = 60
      }
    }
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
  tags          = local.tags
}

# Counted here, as CacheHitRate also speaks of a replica that is asked nothing, and of three look-ups at night.
resource "aws_cloudwatch_metric_alarm" "hit_rate" {
  for_each = toset(var.node_ids)

  alarm_name          = "${each.key}-CacheHitRate"
  alarm_description   = "${each.key}: few look-ups find what they ask for. Read \"Alarm: CacheHitRate\" in ${var.runbook_url}"
  comparison_operator = "LessThanThreshold"
  threshold           = var.hit_rate_percentage
  evaluation_periods  = 6
  datapoints_to_alarm = 6
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "rate"
    expression  = "IF(hits + misses >= ${var.hit_rate_minimum_lookups}, 100 * hits / (hits + misses), 100)"
    label       = "Hit rate in per cent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { hits = "CacheHits", misses = "CacheMisses" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ElastiCache"
        metric_name = metric_query.value
        dimensions  = { CacheClusterId = each.key }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
  tags          = local.tags
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = toset(var.node_ids)

  alarm_name        = "${each.key}-Silent"
  alarm_description = "${each.key}: the node has sent no figures for ten minutes. Read \"A dependency is down\" in ${var.runbook_url}"

  namespace           = "AWS/ElastiCache"
  metric_name         = "CurrConnections"
  dimensions          = { CacheClusterId = each.key }
  statistic           = "SampleCount"
  period              = 60
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
  tags          = local.tags
}
