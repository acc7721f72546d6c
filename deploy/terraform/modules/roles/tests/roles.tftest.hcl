mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name             = "shop-prod"
  account          = "123456789012"
  trusted_role_arn = "arn:aws:iam::123456789012:role/shop-prod-standby-host"
  global_cluster   = "shop-prod-global"
  services         = ["api", "web"]
  record           = { zone = "Z0123456789SHOP", name = "App.shop.example." }
  more_records     = [{ zone = "Z0123456789SHOP", name = "*.shop.example" }]
  build_project    = "shop-prod-rebuild"
  primary          = { region = "us-east-1", db_cluster = "shop-prod-primary", ecs_cluster = "shop-prod", listener_arn = "arn:listener/primary", kms_key_arn = "arn:key/primary" }
  dr               = { region = "us-west-2", db_cluster = "shop-prod-dr", ecs_cluster = "shop-prod", listener_arn = "arn:listener/dr", kms_key_arn = "arn:key/dr" }
}

run "three_policies_of_plain_json" {
  command = plan
  assert {
    condition     = sort([for role in aws_iam_role.this : role.name]) == tolist(["shop-prod-standby-failback", "shop-prod-standby-promote", "shop-prod-standby-read"])
    error_message = "a role for each duty"
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.this : can(jsondecode(policy.policy))])
    error_message = "each policy is JSON"
  }
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this["promote"].policy).Statement : statement if statement.Sid == "MoveTheRecords"
    ]).Condition["ForAllValues:StringEquals"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["app.shop.example", "\\052.shop.example"]
    error_message = "the records' names are normalized as Route 53 compares them"
  }
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this["promote"].policy).Statement : statement if statement.Sid == "RunTasks"
      ]).Resource == [
      "arn:aws:ecs:us-east-1:123456789012:service/shop-prod/api",
      "arn:aws:ecs:us-east-1:123456789012:service/shop-prod/web",
      "arn:aws:ecs:us-west-2:123456789012:service/shop-prod/api",
      "arn:aws:ecs:us-west-2:123456789012:service/shop-prod/web",
    ]
    error_message = "exactly the services that were named, in both regions"
  }
}
