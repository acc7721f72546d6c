# A writer, a secondary, and the former primary rebuilt as a secondary.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                     = "shop-prod"
  name_suffix              = ""
  role                     = "primary"
  is_aurora_secondary      = false
  aurora_source_region     = null
  engine_version           = "16.11"
  instance_class           = "db.r6g.large"
  instances                = 2
  database_name            = "app"
  master_username          = "app_admin"
  backup_retention_days    = 14
  master_password          = "not-a-secret"
  vpc_id                   = "vpc-1"
  subnet_ids               = ["subnet-1", "subnet-2"]
  client_security_group_id = "sg-1"
  kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/primary"
  deletion_protection      = true
}

run "writer" {
  command = plan

  assert {
    condition     = aws_rds_cluster.this.cluster_identifier == "shop-prod-primary" && aws_rds_cluster.this.source_region == null
    error_message = "the writer has no source"
  }
  assert {
    condition     = aws_rds_cluster.this.database_name == "app" && aws_rds_cluster.this.master_username == "app_admin"
    error_message = "the writer brings database and administrator"
  }
  assert {
    condition     = length(aws_rds_global_cluster.this) == 1 && aws_rds_global_cluster.this[0].deletion_protection
    error_message = "the global cluster lives here, protected"
  }
  assert {
    condition     = aws_rds_cluster.this.deletion_protection && aws_rds_cluster.this.storage_encrypted && length(aws_rds_cluster_instance.this) == 2
    error_message = "protected, encrypted, with instances"
  }
  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == 14
    error_message = "backups, for as long as was asked"
  }
  assert {
    condition     = alltrue([for instance in aws_rds_cluster_instance.this : !instance.auto_minor_version_upgrade])
    error_message = "no side may be upgraded alone"
  }
}

run "secondary" {
  command = plan
  variables {
    role                 = "dr"
    name_suffix          = "-dr"
    is_aurora_secondary  = true
    aurora_source_region = "us-east-1"
    kms_key_arn          = "arn:aws:kms:us-west-2:123456789012:key/dr"
  }

  assert {
    condition     = aws_rds_cluster.this.source_region == "us-east-1" && aws_rds_cluster.this.kms_key_id == "arn:aws:kms:us-west-2:123456789012:key/dr"
    error_message = "an encrypted secondary names its source and a key of its own region"
  }
  assert {
    condition     = aws_rds_cluster.this.global_cluster_identifier == "shop-prod-global" && length(aws_rds_global_cluster.this) == 0
    error_message = "it joins a global cluster that is somebody else's"
  }
  assert {
    condition     = aws_rds_cluster.this.master_password_wo_version == null
    error_message = "a secondary gets database and administrator from its source"
  }
  assert {
    condition     = aws_iam_role.monitoring.name == "shop-prod-dr-rds-monitoring" && aws_db_subnet_group.this.name == "shop-prod"
    error_message = "the suffix is on IAM names, and on nothing regional"
  }
}

run "former_primary_rebuilt" {
  command = plan
  variables {
    is_aurora_secondary  = true
    aurora_source_region = "us-west-2"
  }

  assert {
    condition     = aws_rds_cluster.this.cluster_identifier == "shop-prod-primary" && aws_rds_cluster.this.source_region == "us-west-2"
    error_message = "the same cluster by name, replicating from DR"
  }
  assert {
    condition     = length(aws_rds_global_cluster.this) == 1
    error_message = "the global cluster stays, whatever the cluster is at the moment"
  }
}
