output "role_arn" {
  description = "ARN of the role, for the annotation eks.amazonaws.com/role-arn of the service account."
  value       = aws_iam_role.service.arn
}

output "policy_json" {
  description = "What the role may do."
  value       = data.aws_iam_policy_document.service.json
}
