mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-west-2:123456789012:cluster/shop-prod" }
  }
  mock_data "aws_region" {
    defaults = { name = "us-west-2" }
  }
}

variables {
  name               = "api"
  app                = "shop-prod"
  name_suffix        = "-dr"
  cluster            = "shop-prod"
  image              = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/api:1.0.0"
  cpu                = 512
  memory             = 1024
  port               = 8080
  environment        = {}
  secret_arns        = {}
  tasks              = { desired = 1, min = 1, max = 24 }
  target_group_arn   = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/shop-prod-green/1"
  subnet_ids         = ["subnet-1"]
  security_group_id  = "sg-1"
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/dr"
  log_retention_days = 365
}

run "same_name_in_both_regions" {
  command = plan
  assert {
    condition     = aws_ecs_service.this.name == "api" && aws_ecs_task_definition.this.family == "shop-prod-api"
    error_message = "the bot knows the service by one name: no suffix"
  }
  assert {
    condition     = aws_iam_role.task.name == "shop-prod-dr-api-task" && aws_iam_role.execution.name == "shop-prod-dr-api-execution"
    error_message = "IAM roles carry it"
  }
  assert {
    condition     = aws_appautoscaling_target.this.resource_id == "service/shop-prod/api" && aws_appautoscaling_target.this.max_capacity == 24
    error_message = "the scalable target has production's maximum, also at warm idle"
  }
}

run "behind_no_listener" {
  command = plan
  variables {
    target_group_arn = null
  }
  assert {
    condition     = length(aws_ecs_service.this.load_balancer) == 0
    error_message = "a worker registers with nothing"
  }
}
