# One certificate for the public name in each region. ACM validates both by the same record, so that record needs one home: were it in the
# platform stack of each region, either apply would take it from the other.

resource "aws_acm_certificate" "primary" {
  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "dr" {
  provider          = aws.dr
  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  validation = one(aws_acm_certificate.primary.domain_validation_options)
}

resource "aws_route53_record" "validation" {
  zone_id = var.zone_id
  name    = local.validation.resource_record_name
  type    = local.validation.resource_record_type
  records = [local.validation.resource_record_value]
  ttl     = 300
}

resource "aws_acm_certificate_validation" "primary" {
  certificate_arn         = aws_acm_certificate.primary.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}

resource "aws_acm_certificate_validation" "dr" {
  provider                = aws.dr
  certificate_arn         = aws_acm_certificate.dr.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}
