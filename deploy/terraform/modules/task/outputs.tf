output "service" {
  description = "Name of the service."
  value       = aws_ecs_service.bot.name
}
