output "alarm_topic_arn" {
  description = "ARN of the topic that every alarm goes to. Nothing is subscribed unless email_addresses says so."
  value       = aws_sns_topic.alarms.arn
}

output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.metric : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.swap : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.hit_rate : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.alarm_name],
  ))
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
