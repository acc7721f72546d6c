# How Slack reaches the bot over HTTP: an API of its own with three routes, and the DR platform's VPC link and load balancer. The rest of the
# bot's pages is for the network inside.

locals {
  http = var.slack_over_http ? toset(["slack"]) : toset([])
  port = 8080
}

resource "aws_lb_target_group" "slack" {
  #checkov:skip=CKV_AWS_378:TLS ends at API Gateway; requests carry Slack's signature, which the bot verifies
  for_each = local.http
  # By prefix, so that the group of a task is there before the listener lets go of the instance's.
  name_prefix = "stby-"
  vpc_id      = local.platform.vpc_id
  target_type = var.fargate == null ? "instance" : "ip"
  port        = local.port
  protocol    = "HTTP"

  health_check {
    path     = "/healthz"
    interval = 10
    timeout  = 5
  }

  tags = { Name = local.name }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "slack" {
  #checkov:skip=CKV_AWS_2:internal, from the VPC link alone; requests carry Slack's signature
  #checkov:skip=CKV_AWS_103:no TLS on this hop
  #checkov:skip=CKV2_AWS_20:no TLS on this hop
  for_each          = local.http
  load_balancer_arn = local.platform.balancer.arn
  port              = local.port
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.slack[each.key].arn
  }
}

resource "aws_vpc_security_group_ingress_rule" "host_from_balancer" {
  for_each                     = local.http
  security_group_id            = aws_security_group.host.id
  description                  = "Slack's requests and health checks"
  referenced_security_group_id = local.platform.balancer.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "balancer_to_host" {
  for_each                     = local.http
  security_group_id            = local.platform.balancer.security_group_id
  description                  = "Standby"
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_ingress_rule" "balancer_from_link" {
  for_each                     = local.http
  security_group_id            = local.platform.balancer.security_group_id
  description                  = "Slack's requests to Standby"
  referenced_security_group_id = local.platform.vpc_link.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "link_to_balancer" {
  for_each                     = local.http
  security_group_id            = local.platform.vpc_link.security_group_id
  description                  = "Standby"
  referenced_security_group_id = local.platform.balancer.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_apigatewayv2_api" "slack" {
  for_each      = local.http
  name          = local.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "slack" {
  for_each           = local.http
  api_id             = aws_apigatewayv2_api.slack[each.key].id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = aws_lb_listener.slack[each.key].arn
  connection_type    = "VPC_LINK"
  connection_id      = local.platform.vpc_link.id
}

resource "aws_apigatewayv2_route" "slack" {
  #checkov:skip=CKV_AWS_309:Slack signs its requests, and the bot verifies the signature before it reads them
  for_each           = var.slack_over_http ? toset(["commands", "events", "interactions"]) : toset([])
  api_id             = aws_apigatewayv2_api.slack["slack"].id
  route_key          = "POST /slack/${each.key}"
  target             = "integrations/${aws_apigatewayv2_integration.slack["slack"].id}"
  authorization_type = "NONE"
}

resource "aws_apigatewayv2_stage" "slack" {
  for_each    = local.http
  api_id      = aws_apigatewayv2_api.slack[each.key].id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_burst_limit = 200
    throttling_rate_limit  = 100
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.bot.arn
    format          = jsonencode({ request = "$context.requestId", at = "$context.requestTime", path = "$context.path", status = "$context.status" })
  }
}
