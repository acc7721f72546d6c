# The bot's own role, the instance's or the task's: it takes the three roles and tells how it is. It cannot see or move the pair by itself. What an instance
# needs besides is a policy of its own.

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

resource "aws_iam_instance_profile" "host" {
  count = local.hosts
  name  = "${local.name}-host"
  role  = aws_iam_role.host.name
}

# A shell without a port: Session Manager.
resource "aws_iam_role_policy_attachment" "session" {
  count      = local.hosts
  role       = aws_iam_role.host.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

data "aws_iam_policy_document" "bot" {
  statement {
    sid       = "TakeTheRoles"
    actions   = ["sts:AssumeRole"]
    resources = [for duty in ["read", "promote", "failback"] : "arn:aws:iam::${local.platform.account}:role/${var.app_name}-${var.env}-standby-${duty}"]
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
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.bot.json
}

data "aws_iam_policy_document" "host" {
  count = local.hosts

  statement {
    sid     = "AttachTheLog"
    actions = ["ec2:AttachVolume"]
    resources = [
      aws_ebs_volume.log[0].arn,
      "arn:aws:ec2:${var.region}:${local.platform.account}:instance/*",
    ]
  }

  # EC2 uses the volume's key on the host's behalf.
  statement {
    sid       = "OpenTheVolume"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
    resources = [local.platform.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${var.region}.amazonaws.com", "secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "FetchTheProgram"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${local.program.bucket}/${local.program.key}"]
  }

  statement {
    sid       = "ReadTheSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for secret in aws_secretsmanager_secret.slack : secret.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.bot.arn}:*"]
  }
}

resource "aws_iam_role_policy" "host" {
  count  = local.hosts
  name   = "host"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host[0].json
}
