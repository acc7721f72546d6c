# The one record that says which region serves: a simple alias, no weights, no health check that fails over. It has a stack of its own because
# neither region's stack may own it: while DR serves, an apply in the primary would take it back, and a variable "not mine any more" would
# destroy it.

data "terraform_remote_state" "certificates" {
  backend = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "certificates/terraform.tfstate"
  }
}

data "terraform_remote_state" "primary" {
  backend = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "platform/${var.primary_region}/terraform.tfstate"
  }
}

locals {
  endpoint = data.terraform_remote_state.primary.outputs.endpoint
}

resource "aws_route53_record" "app" {
  #checkov:skip=CKV2_AWS_23:it points at the custom domain of API Gateway, whose name comes from another stack
  zone_id = data.terraform_remote_state.certificates.outputs.zone_id
  name    = data.terraform_remote_state.certificates.outputs.domain_name
  type    = "A"

  alias {
    name                   = local.endpoint.dns_name
    zone_id                = local.endpoint.zone
    evaluate_target_health = false
  }

  lifecycle {
    prevent_destroy = true
    # Whose it is, is decided by people in the incident channel, not by an apply.
    ignore_changes = [alias]

    precondition {
      condition     = data.terraform_remote_state.primary.outputs.role == "primary"
      error_message = "primary_region names a region whose platform is not the primary."
    }
  }
}
