mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_secretsmanager_secrets" {
    defaults = {
      arns = [
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:shop-prod/database-abcdef",
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:shop-prod/database-replica-abcdef",
      ]
    }
  }
  mock_data "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-west-2:123456789012:cluster/shop-prod" }
  }
}

override_data {
  target = data.terraform_remote_state.platform
  values = {
    outputs = {
      role                    = "dr"
      ecs_cluster             = "shop-prod"
      listener                = { arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:listener/1", target_group = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/green/1" }
      private_subnet_ids      = ["subnet-1", "subnet-2"]
      tasks_security_group_id = "sg-1"
      kms_key_arn             = "arn:aws:kms:us-west-2:123456789012:key/dr"
      redis_endpoint          = "redis.example"
      app                     = { port = 8080, health_path = "/healthz", domain_name = "app.shop.example", log_retention_days = 365 }
      database                = { secret_name = "shop-prod/database", endpoint = "writer.example", reader_endpoint = "reader.example" }
    }
  }
}

variables {
  app_name    = "shop"
  env         = "prod"
  region      = "us-west-2"
  name_suffix = "-dr"
  state       = { bucket = "shop-prod-terraform-state", region = "us-west-2" }
  image       = "123456789012.dkr.ecr.us-west-2.amazonaws.com/shop/api:1.0.0"
  production  = { desired = 6, min = 4, max = 24 }
}

run "dr_is_warm_idle" {
  command = plan
  assert {
    condition     = local.tasks == { desired = 1, min = 1, max = 24 }
    error_message = "DR runs one task, with a minimum of one, and may grow to production's maximum"
  }
  assert {
    condition     = local.secret == "arn:aws:secretsmanager:us-west-2:123456789012:secret:shop-prod/database-abcdef"
    error_message = "the secret of exactly that name"
  }
  assert {
    condition     = output.service.desired == 6 && output.service.min == 4 && output.service.idle == 1
    error_message = "the bot is told production's numbers"
  }
}

run "primary_runs_production" {
  command = plan
  override_data {
    target = data.terraform_remote_state.platform
    values = {
      outputs = {
        role                    = "primary"
        ecs_cluster             = "shop-prod"
        listener                = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/1", target_group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/1" }
        private_subnet_ids      = ["subnet-1", "subnet-2"]
        tasks_security_group_id = "sg-1"
        kms_key_arn             = "arn:aws:kms:us-east-1:123456789012:key/primary"
        redis_endpoint          = "redis.example"
        app                     = { port = 8080, health_path = "/healthz", domain_name = "app.shop.example", log_retention_days = 365 }
        database                = { secret_name = "shop-prod/database", endpoint = "writer.example", reader_endpoint = "reader.example" }
      }
    }
  }
  assert {
    condition     = local.tasks == var.production
    error_message = "the primary runs what production needs"
  }
}

run "unpinned_image" {
  command = plan
  variables {
    image = "shop/api:latest"
  }
  expect_failures = [var.image]
}

run "minimum_above_desired" {
  command = plan
  variables {
    production = { desired = 2, min = 4, max = 24 }
  }
  expect_failures = [var.production]
}
