mock_provider "aws" {}

override_data {
  target = data.terraform_remote_state.certificates
  values = { outputs = { zone_id = "Z0123456789SHOP", domain_name = "app.shop.example" } }
}

override_data {
  target = data.terraform_remote_state.primary
  values = { outputs = { role = "primary", endpoint = { dns_name = "d-one.execute-api.us-east-1.amazonaws.com", zone = "Z1UJRXOUMOOFQ8" } } }
}

variables {
  app_name       = "shop"
  env            = "prod"
  region         = "us-east-1"
  primary_region = "us-east-1"
  state          = { bucket = "shop-prod-terraform-state", region = "us-west-2" }
}

run "simple_alias" {
  command = plan
  assert {
    condition     = aws_route53_record.app.type == "A" && aws_route53_record.app.alias[0].name == "d-one.execute-api.us-east-1.amazonaws.com"
    error_message = "it begins at the primary"
  }
  assert {
    condition     = !aws_route53_record.app.alias[0].evaluate_target_health && aws_route53_record.app.set_identifier == null && aws_route53_record.app.health_check_id == null
    error_message = "no weights, no health check that fails over: people decide"
  }
}

run "dr_as_primary_is_refused" {
  command = plan
  override_data {
    target = data.terraform_remote_state.primary
    values = { outputs = { role = "dr", endpoint = { dns_name = "d-two.execute-api.us-west-2.amazonaws.com", zone = "Z2OJLYMUO9EFXC" } } }
  }
  expect_failures = [aws_route53_record.app]
}
