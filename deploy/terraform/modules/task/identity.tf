# What the task may besides what the bot may: let people in, and be started.

# People's terminal: `aws ecs execute-command --container watch`.
data "aws_iam_policy_document" "terminal" {
  #checkov:skip=CKV_AWS_356:these actions know no resources
  statement {
    sid       = "LetPeopleIn"
    actions   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "terminal" {
  name   = "terminal"
  role   = var.role.name
  policy = data.aws_iam_policy_document.terminal.json
}

# What ECS needs before the task runs: the images, the secrets, the log group.
resource "aws_iam_role" "start" {
  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.start_trust.json
}

data "aws_iam_policy_document" "start_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "FetchTheImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = distinct([for image in values(var.images) : "arn:aws:ecr:${var.region}:${split(".", image)[0]}:repository/${regex("/([^@]+)@", image)[0]}"])
  }

  # It knows no resource.
  statement {
    sid       = "EnterTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadTheSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for name, secret in var.secrets : secret.arn]
  }

  statement {
    sid       = "OpenTheSecrets"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_group.arn}:*"]
  }
}

resource "aws_iam_role_policy" "start" {
  name   = "start"
  role   = aws_iam_role.start.id
  policy = data.aws_iam_policy_document.start.json
}
