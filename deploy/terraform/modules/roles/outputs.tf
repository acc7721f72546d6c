output "roles" {
  description = "ARNs by duty: the bot's `roles` of both regions."
  value       = { for duty, role in aws_iam_role.this : duty => role.arn }
}
