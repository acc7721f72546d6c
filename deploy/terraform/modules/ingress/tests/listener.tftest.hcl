mock_provider "aws" {}

variables {
  name                = "shop-prod"
  vpc_id              = "vpc-1"
  private_subnet_ids  = ["subnet-1", "subnet-2"]
  domain_name         = "app.shop.example"
  certificate_arn     = "arn:aws:acm:us-east-1:123456789012:certificate/one"
  app_port            = 8080
  health_path         = "/healthz"
  live                = "green"
  kms_key_arn         = "arn:aws:kms:us-east-1:123456789012:key/one"
  log_retention_days  = 365
  deletion_protection = true
}

run "reached_by_the_public_name_alone" {
  command = plan
  assert {
    condition     = aws_lb.this.internal && aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "traffic comes by the custom domain, which the record points at, or not at all"
  }
  assert {
    condition     = aws_apigatewayv2_domain_name.this.domain_name == "app.shop.example" && aws_apigatewayv2_integration.balancer.connection_type == "VPC_LINK"
    error_message = "custom domain and VPC link"
  }
  assert {
    condition     = sort(keys(aws_lb_target_group.this)) == tolist(["blue", "green"]) && aws_lb_listener.https.protocol == "HTTPS"
    error_message = "two target groups behind one HTTPS listener"
  }
}
