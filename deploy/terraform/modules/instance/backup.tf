# Snapshots of the volume: they are in the region, not in the volume's zone.

resource "aws_dlm_lifecycle_policy" "log" {
  description        = "Log of ${var.name}"
  execution_role_arn = aws_iam_role.backup.arn

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { backup = var.name }

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
  name               = "${var.name}-backup"
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
  role       = aws_iam_role.backup.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}
