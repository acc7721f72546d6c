mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name              = "shop-prod-standby"
  region            = "us-west-2"
  role              = { name = "shop-prod-standby-host", arn = "arn:aws:iam::123456789012:role/shop-prod-standby-host" }
  cluster           = "shop-prod"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  target_group_arns = ["arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/standby/1"]
  port              = 8080
  kms_key_arn       = "arn:aws:kms:us-west-2:123456789012:key/dr"
  log_group         = { name = "/shop-prod-standby", arn = "arn:aws:logs:us-west-2:123456789012:log-group:/shop-prod-standby" }
  secrets           = { bot-token = { variable = "STANDBY_SLACK_BOT_TOKEN", arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:shop-prod-standby/bot-token" } }
  configuration     = "# the same file as an instance's"
  trusted_keys      = ["log+12345678+AAAA"]
  images = {
    standby = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    watch   = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
  architecture = "ARM64"
  cpu          = 512
  memory       = 1024
  storage_gib  = 21
}

run "one_that_restores_the_log_before_it_serves" {
  command = plan
  assert {
    condition     = aws_ecs_service.bot.desired_count == 1 && aws_ecs_service.bot.deployment_minimum_healthy_percent == 0 && aws_ecs_service.bot.deployment_maximum_percent == 100
    error_message = "one task, and the old one stops before the new one starts"
  }
  assert {
    condition     = aws_ecs_service.bot.availability_zone_rebalancing == "DISABLED"
    error_message = "rebalancing would start a second one first"
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.bot.container_definitions) : container.command if container.name == "standby"] == [["serve", "--restore"]]
    error_message = "a task without its log restores it, and serves only then"
  }
  assert {
    condition     = alltrue([for container in jsondecode(aws_ecs_task_definition.bot.container_definitions) : container.readonlyRootFilesystem if container.name == "standby"])
    error_message = "the bot writes to its log's folder alone"
  }
  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.bot.container_definitions) : [for secret in container.secrets : secret.name] if container.name == "standby"] == [["STANDBY_SLACK_BOT_TOKEN"]]
    error_message = "the secrets that are filled, from Secrets Manager"
  }
  assert {
    condition     = one([for container in jsondecode(aws_ecs_task_definition.bot.container_definitions) : container if container.name == "configuration"]).environment[0].value == var.configuration
    error_message = "the configuration as it is"
  }
  assert {
    condition     = one(aws_ecs_service.bot.load_balancer).container_name == "standby"
    error_message = "Slack's requests go to the bot"
  }
}
