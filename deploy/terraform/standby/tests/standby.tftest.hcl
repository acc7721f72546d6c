mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-1" }
  }
  mock_data "aws_subnet" {
    defaults = { availability_zone = "us-west-2a" }
  }
}

override_data {
  target = data.terraform_remote_state.dns
  values = { outputs = { record = { zone = "Z0123456789SHOP", name = "app.shop.example" } } }
}

override_data {
  target = data.terraform_remote_state.platform
  values = {
    outputs = {
      account            = "123456789012"
      vpc_id             = "vpc-1"
      private_subnet_ids = ["subnet-1", "subnet-2"]
      ecs_cluster        = "shop-prod"
      kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/dr"
      listener           = { arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/1", target_group = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/green/1" }
      balancer           = { arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/shop-prod/1", security_group_id = "sg-1" }
      vpc_link           = { id = "link", security_group_id = "sg-2" }
      database           = { global_cluster = "shop-prod-global", cluster = "shop-prod-dr" }
      app                = { log_retention_days = 365 }
    }
  }
}

variables {
  app_name         = "shop"
  env              = "prod"
  region           = "us-west-2"
  primary_region   = "us-east-1"
  state            = { bucket = "shop-prod-terraform-state", region = "us-west-2" }
  services         = ["api"]
  config_file      = "../../standby.example.toml"
  program          = { bucket = "artifacts", key = "standby", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  alarm_topic_arns = ["arn:aws:sns:us-west-2:123456789012:on-call"]
  replica          = { mode = "COMPLIANCE", days = 400 }
}

run "an_instance_and_no_task" {
  command = plan
  assert {
    condition     = length(module.instance) == 1 && length(module.task) == 0
    error_message = "the log has one writer"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.slack : group.target_type == "instance"])
    error_message = "instances are reached by their id"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) == 1]) && length(aws_cloudwatch_metric_alarm.this) == 7
    error_message = "seven alarms, each of which somebody hears"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["not-ready"].treat_missing_data == "breaching"
    error_message = "a host that tells nothing is not ready"
  }
}

run "a_task_and_no_instance" {
  command = plan
  variables {
    program = null
    fargate = {
      image       = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      watch_image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      secrets     = ["bot-token", "signing-secret", "audit-key"]
    }
  }
  assert {
    condition     = length(module.task) == 1 && length(module.instance) == 0
    error_message = "the log has one writer"
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.slack : group.target_type == "ip"])
    error_message = "tasks are reached by address"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 7
    error_message = "the same alarms, told by the container beside the bot"
  }
}

run "images_of_another_region_are_refused" {
  command = plan
  variables {
    program = null
    fargate = {
      image       = "123456789012.dkr.ecr.us-east-1.amazonaws.com/standby@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      watch_image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      secrets     = ["bot-token", "signing-secret", "audit-key"]
    }
  }
  expect_failures = [var.fargate]
}

run "a_task_without_its_secrets_is_refused" {
  command = plan
  variables {
    program = null
    fargate = {
      image       = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      watch_image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      secrets     = ["bot-token", "app-token"]
    }
  }
  expect_failures = [var.fargate]
}

run "an_instance_without_its_program_is_refused" {
  command = plan
  variables {
    program = null
  }
  expect_failures = [var.program]
}

run "replica_locked_and_kept" {
  command = plan
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.replica.rule[0].default_retention[0].mode == "COMPLIANCE" && aws_s3_bucket_object_lock_configuration.replica.rule[0].default_retention[0].days == 400
    error_message = "what says nothing of its lock has one"
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.replica.rule : length(rule.expiration) == 0 && length(rule.noncurrent_version_expiration) == 0])
    error_message = "an older version may be the genuine one: nothing expires"
  }
}

run "replica_without_retention_is_refused" {
  command = plan
  variables {
    replica = { mode = "COMPLIANCE", days = 0 }
  }
  expect_failures = [var.replica]
}

run "slack_over_http" {
  command = plan
  assert {
    condition     = sort([for route in aws_apigatewayv2_route.slack : route.route_key]) == tolist(["POST /slack/commands", "POST /slack/events", "POST /slack/interactions"])
    error_message = "three routes, and nothing else of the bot's pages"
  }
}

run "socket_mode_opens_nothing" {
  command = plan
  variables {
    slack_over_http = false
  }
  assert {
    condition     = length(aws_apigatewayv2_api.slack) == 0 && length(aws_vpc_security_group_ingress_rule.host_from_balancer) == 0
    error_message = "no way in from outside"
  }
}

run "bot_in_the_primary_is_refused" {
  command = plan
  variables {
    region = "us-east-1"
  }
  expect_failures = [var.primary_region]
}

run "alarms_for_nobody_are_refused" {
  command = plan
  variables {
    alarm_topic_arns = []
  }
  expect_failures = [var.alarm_topic_arns]
}
