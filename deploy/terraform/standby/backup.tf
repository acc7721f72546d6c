# Snapshots of the instance's volume with the log: they are in the region, not in the volume's zone.

resource "aws_dlm_lifecycle_policy" "log" {
  count              = local.hosts
  description        = "Log of ${local.name}"
  execution_role_arn = aws_iam_role.backup[0].arn

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { backup = local.name }

    schedule {
      name      = "log"
      copy_tags = true
      create_rule {
        interval      = var.snapshot_hours
        interval_unit = "HOURS"
      }
      retain_rule {
        count = var.snapshots_kept
      }
    }
  }
}

resource "aws_iam_role" "backup" {
  count              = local.hosts
  name               = "${local.name}-backup"
  assume_role_policy = data.aws_iam_policy_document.backup_trust.json
}

data "aws_iam_policy_document" "backup_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "backup" {
  count      = local.hosts
  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}
