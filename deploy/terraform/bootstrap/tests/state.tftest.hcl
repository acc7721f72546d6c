mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  app_name       = "shop"
  env            = "prod"
  primary_region = "us-east-1"
  state          = { bucket = "shop-prod-terraform-state", region = "us-west-2" }
}

run "versioned_encrypted_private" {
  command = plan
  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "a state that was overwritten can be had back"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "state holds names, addresses and more: it is nobody else's"
  }
}

run "state_in_the_primary_region_is_refused" {
  command = plan
  variables {
    state = { bucket = "shop-prod-terraform-state", region = "us-east-1" }
  }
  expect_failures = [var.state]
}
