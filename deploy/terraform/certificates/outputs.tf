output "certificate_arns" {
  description = "ARN of each region's certificate, valid once this is known, by region."
  value = {
    (var.primary_region) = aws_acm_certificate_validation.primary.certificate_arn
    (var.dr_region)      = aws_acm_certificate_validation.dr.certificate_arn
  }
}

output "domain_name" {
  description = "Public name of the application."
  value       = var.domain_name
}

output "zone_id" {
  description = "Hosted zone of that name."
  value       = var.zone_id
}
