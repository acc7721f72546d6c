output "service" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "The task definition's revision."
  value       = aws_ecs_task_definition.this.arn
}

output "task_role_name" {
  description = "Role of the application itself, to attach its own policies to."
  value       = aws_iam_role.task.name
}
