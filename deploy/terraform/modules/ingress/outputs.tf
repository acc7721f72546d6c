output "endpoint" {
  description = "What the alias record points at when this region serves: regional domain name of the custom domain, and its zone."
  value = {
    dns_name = aws_apigatewayv2_domain_name.this.domain_name_configuration[0].target_domain_name
    zone     = aws_apigatewayv2_domain_name.this.domain_name_configuration[0].hosted_zone_id
  }
}

output "listener_arn" {
  description = "Listener that deployments and the bot switch."
  value       = aws_lb_listener.https.arn
}

output "balancer_arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "balancer_security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.balancer.id
}

output "target_group_arns" {
  description = "ARN of the target groups by colour."
  value       = { for colour, group in aws_lb_target_group.this : colour => group.arn }
}

output "tasks_security_group_id" {
  description = "Security group that every workload's tasks wear."
  value       = aws_security_group.tasks.id
}

output "vpc_link" {
  description = "The VPC link, and its security group."
  value       = { id = aws_apigatewayv2_vpc_link.this.id, security_group_id = aws_security_group.link.id }
}
