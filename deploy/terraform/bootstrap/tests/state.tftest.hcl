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

run "old_versions_are_kept_for_a_while" {
  command = plan
  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.state.rule).noncurrent_version_expiration).newer_noncurrent_versions == 20
    error_message = "a state that was overwritten can be had back"
  }
}

run "state_in_the_primary_region_is_refused" {
  command = plan
  variables {
    state = { bucket = "shop-prod-terraform-state", region = "us-east-1" }
  }
  expect_failures = [var.state]
}

run "names_that_grow_too_long_are_refused" {
  command = plan
  variables {
    app_name = "a-shop-of-some-name"
    env      = "staging"
  }
  expect_failures = [var.env]
}
