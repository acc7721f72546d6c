# One region's member of the global cluster. Which member writes is not Terraform's to say: the bot and people move it.

locals {
  engine         = "aurora-postgresql"
  global_cluster = "${var.name}-global"
}

# Its home is the steady-state primary's stack.
resource "aws_rds_global_cluster" "this" {
  count                     = var.role == "primary" ? 1 : 0
  global_cluster_identifier = local.global_cluster
  engine                    = local.engine
  engine_version            = var.engine_version
  database_name             = var.database_name
  storage_encrypted         = true
  deletion_protection       = var.deletion_protection

  lifecycle {
    prevent_destroy = true
    # Read back from whichever member writes.
    ignore_changes = [database_name]
  }
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV2_AWS_8:automated backups are on; a vault of AWS Backup is the account's choice
  #checkov:skip=CKV_AWS_313:tags are copied to snapshots
  #checkov:skip=CKV_AWS_133:7 to 35 days, which the platform demands; checkov does not always follow the default to here
  cluster_identifier        = "${var.name}-${var.role}"
  global_cluster_identifier = local.global_cluster
  engine                    = local.engine
  engine_version            = var.engine_version
  storage_encrypted         = true
  kms_key_id                = var.kms_key_arn

  # A writer brings the database and its administrator; a secondary gets both from its source.
  source_region              = var.is_aurora_secondary ? var.aurora_source_region : null
  database_name              = var.is_aurora_secondary ? null : var.database_name
  master_username            = var.is_aurora_secondary ? null : var.master_username
  master_password_wo         = var.is_aurora_secondary ? null : var.master_password
  master_password_wo_version = var.is_aurora_secondary ? null : 1

  db_subnet_group_name                = aws_db_subnet_group.this.name
  vpc_security_group_ids              = [aws_security_group.database.id]
  db_cluster_parameter_group_name     = aws_rds_cluster_parameter_group.this.name
  iam_database_authentication_enabled = true
  backup_retention_period             = var.backup_retention_days
  copy_tags_to_snapshot               = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]
  deletion_protection                 = var.deletion_protection
  skip_final_snapshot                 = false
  final_snapshot_identifier           = "${var.name}-${var.role}-final"

  lifecycle {
    prevent_destroy = true
    ignore_changes = [
      # A member's place is moved by failover and switchover. Taking it out, or in, is never an apply's to do.
      global_cluster_identifier,
      replication_source_identifier,
      # After the way back the restored writer was created as a secondary: these would replace it.
      source_region,
      database_name,
      master_username,
      master_password_wo_version,
      # Upgraded through the global cluster, both members together.
      engine_version,
    ]
  }

  depends_on = [aws_rds_global_cluster.this]
}

resource "aws_rds_cluster_instance" "this" {
  count              = var.instances
  identifier         = "${var.name}-${var.role}-${count.index + 1}"
  cluster_identifier = aws_rds_cluster.this.id
  engine             = local.engine
  instance_class     = var.instance_class
  # One side upgraded alone could not be failed over to.
  #checkov:skip=CKV_AWS_226:managed failover wants the same version on both sides, so minor upgrades go through the global cluster
  auto_minor_version_upgrade      = false
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.kms_key_arn
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  copy_tags_to_snapshot           = true

  lifecycle {
    ignore_changes = [engine_version]
  }
}

resource "aws_rds_cluster_parameter_group" "this" {
  name        = "${var.name}-${var.role}"
  description = "Settings of ${var.name}"
  family      = "${local.engine}${split(".", var.engine_version)[0]}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "Aurora"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "from_tasks" {
  security_group_id            = aws_security_group.database.id
  description                  = "PostgreSQL from the tasks"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_iam_role" "monitoring" {
  name               = "${var.name}${var.name_suffix}-rds-monitoring"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
