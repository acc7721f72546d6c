output "state" {
  description = "What every other stack takes as `state`."
  value       = { bucket = module.bucket.id, region = var.state.region }
}

output "kms_key_arn" {
  description = "Key that encrypts the bucket."
  value       = module.bucket.key_arn
}
