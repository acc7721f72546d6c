# How the parts hang together, and what is refused. Mocked providers have no ephemeral resources, so whoever runs this puts a stand-in for
# `modules/administrator` into a copy first: the tests of the program do.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["xx-1a", "xx-1b", "xx-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

override_data {
  target = data.terraform_remote_state.certificates
  values = {
    outputs = {
      domain_name = "app.shop.example"
      zone_id     = "Z0123456789SHOP"
      certificate_arns = {
        us-east-1 = "arn:aws:acm:us-east-1:123456789012:certificate/one"
        us-west-2 = "arn:aws:acm:us-west-2:123456789012:certificate/two"
      }
    }
  }
}

variables {
  app_name             = "shop"
  env                  = "prod"
  state                = { bucket = "shop-prod-terraform-state", region = "us-west-2" }
  region               = "us-west-2"
  peer_region          = "us-east-1"
  role                 = "dr"
  name_suffix          = "-dr"
  az_count             = 2
  vpc_cidr             = "10.1.0.0/16"
  peer_vpc_cidr        = "10.0.0.0/16"
  live                 = "blue"
  is_aurora_secondary  = true
  aurora_source_region = "us-east-1"
}

run "dr" {
  command = plan
  assert {
    condition     = length(output.private_subnet_ids) == 2 && output.database.cluster == "shop-prod-dr"
    error_message = "two zones, and DR's cluster"
  }
  assert {
    condition     = output.database.global_cluster == "shop-prod-global" && aws_ecs_cluster.this.name == "shop-prod"
    error_message = "the same global cluster, and regional names without suffix"
  }
  assert {
    condition     = length(module.administrator) == 0
    error_message = "the administrator comes with the writer"
  }
}

run "primary" {
  command = plan
  variables {
    region               = "us-east-1"
    peer_region          = "us-west-2"
    role                 = "primary"
    name_suffix          = ""
    az_count             = 3
    vpc_cidr             = "10.0.0.0/16"
    peer_vpc_cidr        = "10.1.0.0/16"
    live                 = "green"
    is_aurora_secondary  = false
    aurora_source_region = null
  }
  assert {
    condition     = length(output.private_subnet_ids) == 3 && output.database.cluster == "shop-prod-primary"
    error_message = "three zones, and the primary's cluster"
  }
  assert {
    condition     = output.database.global_cluster == "shop-prod-global" && length(module.administrator) == 1
    error_message = "the same global cluster, and the administrator"
  }
}

run "three_zones" {
  command = plan
  variables {
    az_count = 3
  }
  assert {
    condition     = length(output.private_subnet_ids) == 3
    error_message = "what depends on zones follows their number"
  }
}

run "overlapping_ranges" {
  command = plan
  variables {
    peer_vpc_cidr = "10.1.128.0/20"
  }
  expect_failures = [var.peer_vpc_cidr]
}

run "overlapping_the_other_way" {
  command = plan
  variables {
    vpc_cidr      = "10.0.16.0/20"
    peer_vpc_cidr = "10.0.0.0/16"
  }
  expect_failures = [var.peer_vpc_cidr]
}

run "one_zone" {
  command = plan
  variables {
    az_count = 1
  }
  expect_failures = [var.az_count]
}

run "dr_without_suffix" {
  command = plan
  variables {
    name_suffix = ""
  }
  expect_failures = [var.name_suffix]
}

run "secondary_without_source" {
  command = plan
  variables {
    aurora_source_region = null
  }
  expect_failures = [var.aurora_source_region]
}

run "writer_in_dr" {
  command = plan
  variables {
    is_aurora_secondary  = false
    aurora_source_region = null
  }
  expect_failures = [var.is_aurora_secondary]
}

run "headless_cluster" {
  command = plan
  variables {
    aurora = { instances = 0 }
  }
  expect_failures = [var.aurora]
}

run "names_that_grow_too_long_are_refused" {
  command = plan
  variables {
    app_name = "a-shop-of-some-name"
    env      = "staging"
  }
  expect_failures = [var.env]
}
