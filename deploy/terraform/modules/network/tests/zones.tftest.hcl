# The subnet plan with three zones and with two, and what carries the suffix.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  override_data {
    target = data.aws_availability_zones.here
    values = { names = ["xx-east-1a", "xx-east-1b", "xx-east-1c"] }
  }
  override_data {
    target = data.aws_region.here
    values = { name = "xx-east-1" }
  }
}

variables {
  name               = "shop-prod"
  name_suffix        = ""
  vpc_cidr           = "10.0.0.0/16"
  az_count           = 3
  nat_per_az         = true
  kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/one"
  log_retention_days = 365
}

run "three_zones" {
  command = plan

  assert {
    condition     = length(aws_subnet.public) == 3 && length(aws_subnet.private) == 3 && length(aws_nat_gateway.this) == 3
    error_message = "three zones have a public and a private subnet, and a NAT gateway, each"
  }
  assert {
    condition     = [for zone in output.zones : aws_subnet.private[zone].cidr_block] == ["10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20"]
    error_message = "private subnets begin in the middle of the range"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch != true])
    error_message = "nothing gets a public address by itself"
  }
}

run "two_zones_follow" {
  command = plan
  variables {
    az_count    = 2
    name_suffix = "-dr"
    vpc_cidr    = "10.1.0.0/16"
  }

  assert {
    condition     = length(aws_subnet.public) == 2 && length(aws_subnet.private) == 2 && length(aws_route.nat) == 2
    error_message = "two zones have two of each"
  }
  assert {
    condition     = [for zone in output.zones : aws_subnet.private[zone].cidr_block] == ["10.1.128.0/20", "10.1.144.0/20"]
    error_message = "a third zone added later must move nothing"
  }
  assert {
    condition     = aws_iam_role.flow.name == "shop-prod-dr-flow-log"
    error_message = "IAM is global: the role carries the suffix"
  }
  assert {
    condition     = aws_vpc.this.tags.Name == "shop-prod" && aws_cloudwatch_log_group.flow.name == "/shop-prod/flow"
    error_message = "what is regional carries no suffix"
  }
}

run "one_nat_gateway_serves_all_zones" {
  command = plan
  variables {
    nat_per_az = false
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 3
    error_message = "one gateway, and a route to it from every zone"
  }
}

run "more_zones_than_the_region_has" {
  command = plan
  variables {
    az_count = 3
  }
  override_data {
    target = data.aws_availability_zones.here
    values = { names = ["xx-west-1a", "xx-west-1b"] }
  }
  expect_failures = [data.aws_availability_zones.here]
}
