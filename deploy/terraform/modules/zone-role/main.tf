# The role of a hosted zone in another account, applied there: the bot's host assumes it to read the zone, and to move the records that are named.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.trusted_role_arn]
    }
  }
}

data "aws_iam_policy_document" "zone" {
  statement {
    sid       = "SeeTheRecords"
    actions   = ["route53:ListResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSetProtections"]
    resources = ["arn:aws:route53:::hostedzone/${var.zone}"]
  }

  statement {
    sid       = "SeePrivateZones"
    actions   = ["route53:ListHostedZones"]
    resources = ["*"]
  }

  statement {
    sid       = "SeeItsChanges"
    actions   = ["route53:GetChange"]
    resources = ["arn:aws:route53:::change/*"]
  }

  statement {
    sid       = "LiftProtections"
    actions   = ["route53:DeleteResourceRecordSetProtections", "route53:CreateResourceRecordSetProtections"]
    resources = ["arn:aws:route53:::hostedzone/${var.zone}"]
  }

  statement {
    sid       = "MoveTheRecords"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = ["arn:aws:route53:::hostedzone/${var.zone}"]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
      # As IAM normalizes names: lower case, without the trailing dot, an asterisk as its octal code.
      values = [for name in var.names : replace(lower(trimsuffix(name, ".")), "*", "\\052")]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = ["A", "AAAA"]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsActions"
      values   = ["CREATE", "DELETE"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "zone"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.zone.json
}
