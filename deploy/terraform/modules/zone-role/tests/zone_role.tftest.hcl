mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  zone             = "Z9876543210API"
  names            = ["Api.shop.example.", "*.shop.example"]
  trusted_role_arn = "arn:aws:iam::123456789012:role/shop-prod-standby-host"
}

run "a_role_that_moves_the_named_records" {
  command = plan
  assert {
    condition     = aws_iam_role.this.name == "standby-dns"
    error_message = "the role has the name that the configuration's example has"
  }
}
