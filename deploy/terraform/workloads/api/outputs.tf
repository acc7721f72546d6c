output "service" {
  description = "The service as the bot's configuration wants it."
  value       = { name = module.service.service, desired = var.production.desired, min = var.production.min, idle = var.idle }
}

output "task_definition_arn" {
  description = "The task definition's revision."
  value       = module.service.task_definition_arn
}
