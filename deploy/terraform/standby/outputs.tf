output "host_role_arn" {
  description = "Role of the bot's host: what the role of a hosted zone in another account has to trust."
  value       = aws_iam_role.host.arn
}

output "roles" {
  description = "The bot's `roles`, for both regions."
  value       = module.roles.roles
}

output "secret_names" {
  description = "Secrets that a person fills: Slack's signing secret and bot token, the app-level token for Socket Mode, the key that signs the log, and the key of the incident page's links."
  value       = { for name, secret in aws_secretsmanager_secret.slack : name => secret.name }
}

output "slack_request_urls" {
  description = "Request URLs for the Slack app over HTTP; empty with Socket Mode."
  value = {
    for name, route in aws_apigatewayv2_route.slack :
    name => "${aws_apigatewayv2_api.slack["slack"].api_endpoint}/slack/${name}"
  }
}

output "volume_id" {
  description = "Volume that holds the log; null with `fargate`."
  value       = one(module.instance[*].volume_id)
}

output "replica_bucket" {
  description = "Bucket of the log's replica: `bucket` in the bot's [audit.replica]."
  value       = local.replica
}
