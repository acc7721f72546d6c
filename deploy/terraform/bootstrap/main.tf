# The bucket that holds every other stack's state. It stands in the DR region: while the primary is dark, state can still be read,
# and the way back can be applied.

module "bucket" {
  source = "../modules/bucket"
  name   = var.state.bucket
  holds  = "Terraform state of ${var.app_name}-${var.env}"
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = module.bucket.id
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days           = var.keep_versions_days
      newer_noncurrent_versions = 20
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}
