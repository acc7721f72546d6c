# Three roles for the bot: what looks cannot act, what moves cannot delete. Their policies are templates of plain JSON, which a test of the bot
# compares with the calls that all runbooks make.

locals {
  # A zone of another account is reached by a role there: see modules/zone-role.
  records = concat([var.record], var.more_records)

  places = {
    account             = var.account
    primary_region      = var.primary.region
    dr_region           = var.dr.region
    global_cluster      = lower(var.global_cluster)
    primary_db_cluster  = lower(var.primary.db_cluster)
    dr_db_cluster       = lower(var.dr.db_cluster)
    primary_kms_key_arn = var.primary.kms_key_arn
    dr_kms_key_arn      = var.dr.kms_key_arn
    listener_arns       = jsonencode([var.primary.listener_arn, var.dr.listener_arn])
    rule_arns           = jsonencode([for arn in [var.primary.listener_arn, var.dr.listener_arn] : "${replace(arn, ":listener/", ":listener-rule/")}/*"])
    service_arns = jsonencode(flatten([
      for side in [var.primary, var.dr] : [
        for service in sort(var.services) : "arn:aws:ecs:${side.region}:${var.account}:service/${side.ecs_cluster}/${service}"
      ]
    ]))
    zone_arns = jsonencode(distinct([for record in local.records : "arn:aws:route53:::hostedzone/${record.zone}"]))
    # As IAM normalizes names: lower case, without the trailing dot, an asterisk as its octal code.
    record_names  = jsonencode(distinct([for record in local.records : replace(lower(trimsuffix(record.name, ".")), "*", "\\052")]))
    build_project = var.build_project
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.trusted_role_arn]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each           = toset(["read", "promote", "failback"])
  name               = "${var.name}-standby-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = aws_iam_role.this
  name     = each.key
  role     = each.value.id
  policy   = templatefile("${path.module}/policies/${each.key}.json.tftpl", local.places)
}
