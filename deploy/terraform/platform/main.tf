# What changes rarely: network, ingress, database, cache. One state per region; no workload's apply touches it.

locals {
  name = "${var.app_name}-${var.env}"
}

data "terraform_remote_state" "certificates" {
  backend = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "certificates/terraform.tfstate"
  }
}

module "network" {
  source             = "../modules/network"
  name               = local.name
  name_suffix        = var.name_suffix
  vpc_cidr           = var.vpc_cidr
  az_count           = var.az_count
  nat_per_az         = var.nat_per_az
  kms_key_arn        = aws_kms_key.data.arn
  log_retention_days = var.log_retention_days
}

module "ingress" {
  source              = "../modules/ingress"
  name                = local.name
  vpc_id              = module.network.vpc_id
  private_subnet_ids  = module.network.private_subnet_ids
  domain_name         = data.terraform_remote_state.certificates.outputs.domain_name
  certificate_arn     = data.terraform_remote_state.certificates.outputs.certificate_arns[var.region]
  app_port            = var.app_port
  health_path         = var.health_path
  live                = var.live
  kms_key_arn         = aws_kms_key.data.arn
  log_retention_days  = var.log_retention_days
  deletion_protection = var.deletion_protection
}

# Of the steady-state primary, whatever its cluster is at the moment.
module "administrator" {
  count         = var.role == "primary" ? 1 : 0
  source        = "../modules/administrator"
  name          = local.name
  username      = var.aurora.master_username
  database_name = var.aurora.database_name
  peer_region   = var.peer_region
  kms_key_arn   = aws_kms_key.data.arn
}

module "database" {
  source                   = "../modules/database"
  name                     = local.name
  name_suffix              = var.name_suffix
  role                     = var.role
  is_aurora_secondary      = var.is_aurora_secondary
  aurora_source_region     = var.aurora_source_region
  engine_version           = var.aurora.engine_version
  instance_class           = var.aurora.instance_class
  instances                = var.aurora.instances
  database_name            = var.aurora.database_name
  master_username          = var.aurora.master_username
  backup_retention_days    = var.aurora.backup_retention_days
  master_password          = one(module.administrator[*].password)
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  client_security_group_id = module.ingress.tasks_security_group_id
  kms_key_arn              = aws_kms_key.data.arn
  deletion_protection      = var.deletion_protection
}

resource "aws_ecs_cluster" "this" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}
