output "role_arn" {
  description = "The bot's `record.role_arn`."
  value       = aws_iam_role.this.arn
}
