output "state" {
  description = "What every other stack takes as `state`."
  value       = { bucket = aws_s3_bucket.state.id, region = var.state.region }
}

output "kms_key_arn" {
  description = "Key that encrypts the bucket."
  value       = aws_kms_key.state.arn
}
