output "record" {
  description = "The bot's `record`: zone and name."
  value       = { zone = aws_route53_record.app.zone_id, name = aws_route53_record.app.name }
}
