# What the instance may besides what the bot may: start the program, with its log and its secrets.

data "aws_caller_identity" "this" {}

resource "aws_iam_instance_profile" "host" {
  name = "${var.name}-host"
  role = var.role_name
}

# A shell without a port: Session Manager.
resource "aws_iam_role_policy_attachment" "session" {
  role       = var.role_name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

data "aws_iam_policy_document" "host" {
  statement {
    sid     = "AttachTheLog"
    actions = ["ec2:AttachVolume"]
    resources = [
      aws_ebs_volume.log.arn,
      "arn:aws:ec2:${var.region}:${data.aws_caller_identity.this.account_id}:instance/*",
    ]
  }

  # EC2 uses the volume's key on the host's behalf.
  statement {
    sid       = "OpenTheVolume"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
    resources = [var.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${var.region}.amazonaws.com", "secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "FetchTheProgram"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.program.bucket}/${var.program.key}"]
  }

  statement {
    sid       = "ReadTheSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = var.secret_arns
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${var.log_group.arn}:*"]
  }
}

resource "aws_iam_role_policy" "host" {
  name   = "host"
  role   = var.role_name
  policy = data.aws_iam_policy_document.host.json
}
