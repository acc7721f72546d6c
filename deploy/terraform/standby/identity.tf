# The bot's own role, the instance's or the task's: it takes the three roles and tells how it is. It cannot see or move the pair by itself.

resource "aws_iam_role" "host" {
  name               = "${local.name}-host"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
}

data "aws_iam_policy_document" "host_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [var.fargate == null ? "ec2.amazonaws.com" : "ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "bot" {
  statement {
    sid     = "TakeTheRoles"
    actions = ["sts:AssumeRole"]
    resources = concat(
      [for duty in ["read", "promote", "failback"] : "arn:aws:iam::${local.platform.account}:role/${var.app_name}-${var.env}-standby-${duty}"],
      var.zone_role_arns,
    )
  }

  statement {
    sid       = "TellHowItIs"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Standby"]
    }
  }
}

resource "aws_iam_role_policy" "bot" {
  name   = "bot"
  role   = aws_iam_role.host.name
  policy = data.aws_iam_policy_document.bot.json
}
