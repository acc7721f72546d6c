# Redis on its own in each region, with no replication between them: a cold cache costs half a minute of load, a global datastore costs all year.

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV2_AWS_50:on wherever there is more than one node; a single one is a choice of cost
  #checkov:skip=CKV_AWS_31:the tasks' security group is who may connect; a token would have to be the same in both regions' applications
  replication_group_id       = local.name
  description                = "Cache of ${local.name}"
  engine                     = "redis"
  engine_version             = var.redis.engine_version
  node_type                  = var.redis.node_type
  num_cache_clusters         = var.redis.nodes
  automatic_failover_enabled = var.redis.nodes > 1
  multi_az_enabled           = var.redis.nodes > 1
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.cache.id]
  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.data.arn
  transit_encryption_enabled = true
  auto_minor_version_upgrade = true
}

resource "aws_elasticache_subnet_group" "this" {
  name        = local.name
  description = "Private subnets of ${local.name}"
  subnet_ids  = module.network.private_subnet_ids
}

resource "aws_security_group" "cache" {
  name        = "${local.name}-cache"
  description = "Redis"
  vpc_id      = module.network.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "cache_from_tasks" {
  security_group_id            = aws_security_group.cache.id
  description                  = "Redis from the tasks"
  referenced_security_group_id = module.ingress.tasks_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}
