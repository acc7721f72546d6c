output "role" {
  description = "What this region is in steady state."
  value       = var.role
}

output "account" {
  description = "The AWS account."
  value       = data.aws_caller_identity.this.account_id
}

output "vpc_id" {
  description = "The VPC."
  value       = module.network.vpc_id
}

output "zones" {
  description = "Availability zones in use."
  value       = module.network.zones
}

output "private_subnet_ids" {
  description = "Private subnets, one in each zone."
  value       = module.network.private_subnet_ids
}

output "endpoint" {
  description = "What the alias record points at when this region serves; the bot's `endpoint`."
  value       = module.ingress.endpoint
}

output "listener" {
  description = "The listener, and the target group that takes production; the bot's `listener`."
  value       = { arn = module.ingress.listener_arn, target_group = module.ingress.target_group_arns["green"] }
}

output "balancer" {
  description = "The load balancer and its security group."
  value       = { arn = module.ingress.balancer_arn, security_group_id = module.ingress.balancer_security_group_id }
}

output "vpc_link" {
  description = "The VPC link and its security group."
  value       = module.ingress.vpc_link
}

output "tasks_security_group_id" {
  description = "Security group that every workload's tasks wear."
  value       = module.ingress.tasks_security_group_id
}

output "ecs_cluster" {
  description = "Name of the ECS cluster; the bot's `ecs_cluster`."
  value       = aws_ecs_cluster.this.name
}

output "database" {
  description = "The database, as workloads and the bot want it."
  value = {
    global_cluster  = module.database.global_cluster
    cluster         = module.database.cluster
    cluster_arn     = module.database.cluster_arn
    endpoint        = module.database.endpoint
    reader_endpoint = module.database.reader_endpoint
    secret_name     = module.database.secret_name
  }
}

output "redis_endpoint" {
  description = "Endpoint of the cache."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "kms_key_arn" {
  description = "The region's customer-managed key."
  value       = aws_kms_key.data.arn
}

output "app" {
  description = "What tasks have to fit: port and health page, the domain name, days that logs are kept."
  value = {
    port               = var.app_port
    health_path        = var.health_path
    domain_name        = data.terraform_remote_state.certificates.outputs.domain_name
    log_retention_days = var.log_retention_days
  }
}
