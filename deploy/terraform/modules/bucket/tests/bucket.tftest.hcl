mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name  = "shop-prod-something"
  holds = "Something of shop-prod"
}

run "versioned_encrypted_private" {
  command = plan
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "what was overwritten can be had back"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "a key of its own"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "it is nobody else's"
  }
  assert {
    condition     = !aws_s3_bucket.this.object_lock_enabled
    error_message = "no lock unless it is asked for"
  }
}

run "lockable" {
  command = plan
  variables {
    object_lock = true
  }
  assert {
    condition     = aws_s3_bucket.this.object_lock_enabled
    error_message = "only a bucket that was made so can lock its objects"
  }
}
