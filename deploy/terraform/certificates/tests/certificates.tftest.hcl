mock_provider "aws" {}
mock_provider "aws" {
  alias = "dr"
}

variables {
  app_name       = "shop"
  env            = "prod"
  primary_region = "us-east-1"
  dr_region      = "us-west-2"
  domain_name    = "app.shop.example"
  zone_id        = "Z0123456789SHOP"
}

run "one_name_in_two_regions" {
  command = plan
  assert {
    condition     = aws_acm_certificate.primary.domain_name == aws_acm_certificate.dr.domain_name
    error_message = "DR has to answer under the public name before the record points there"
  }
}

run "one_region_is_refused" {
  command = plan
  variables {
    dr_region = "us-east-1"
  }
  expect_failures = [var.dr_region]
}
