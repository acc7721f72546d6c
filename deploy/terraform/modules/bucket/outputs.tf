output "id" {
  description = "The bucket, for what a stack adds to it; known once it has versions."
  value       = aws_s3_bucket_versioning.this.bucket
}

output "key_arn" {
  description = "Key that encrypts it."
  value       = aws_kms_key.this.arn
}
