# The bot, on guard in the DR region: on one small instance, with a volume for the log that outlives it; or, with `fargate`, as one task, which restores the
# log from its replica before it serves.

locals {
  name     = "${var.app_name}-${var.env}-standby"
  platform = data.terraform_remote_state.platform["dr"].outputs
  peer     = data.terraform_remote_state.platform["primary"].outputs
}

module "instance" {
  count               = var.fargate == null ? 1 : 0
  source              = "../modules/instance"
  name                = local.name
  region              = var.region
  role_name           = local.role.name
  subnet_id           = local.platform.private_subnet_ids[0]
  security_group_id   = aws_security_group.host.id
  target_group_arns   = local.target_group_arns
  kms_key_arn         = local.platform.kms_key_arn
  log_group           = aws_cloudwatch_log_group.bot
  secret_arns         = [for secret in aws_secretsmanager_secret.slack : secret.arn]
  configuration       = file(var.config_file)
  program             = var.program
  instance_type       = var.instance_type
  ami_parameter       = var.ami_parameter
  volume_gib          = var.volume_gib
  snapshot_hours      = var.snapshot_hours
  snapshots_kept      = var.snapshots_kept
  restore_snapshot_id = var.restore_snapshot_id
}

module "task" {
  count             = var.fargate == null ? 0 : 1
  source            = "../modules/task"
  name              = local.name
  region            = var.region
  role              = local.role
  cluster           = local.platform.ecs_cluster
  subnet_ids        = local.platform.private_subnet_ids
  security_group_id = aws_security_group.host.id
  target_group_arns = local.target_group_arns
  port              = local.port
  kms_key_arn       = local.platform.kms_key_arn
  log_group         = aws_cloudwatch_log_group.bot
  secrets           = { for name in var.fargate.secrets : name => { variable = local.secrets[name].variable, arn = aws_secretsmanager_secret.slack[name].arn } }
  configuration     = file(var.config_file)
  trusted_keys      = var.fargate.trusted_keys
  images            = { standby = var.fargate.image, watch = var.fargate.watch_image }
  architecture      = var.fargate.architecture
  cpu               = var.fargate.cpu
  memory            = var.fargate.memory
  storage_gib       = var.fargate.storage_gib
}

locals {
  # By way of its policies, and of the listeners: nothing starts before it may do what it has to, and is reached.
  role = {
    arn  = aws_iam_role.host.arn
    name = one(toset([aws_iam_role_policy.bot.role, aws_iam_role_policy.replica.role]))
  }
  target_group_arns = [for listener in aws_lb_listener.slack : listener.default_action[0].target_group_arn]
}

data "aws_caller_identity" "this" {}

data "terraform_remote_state" "platform" {
  for_each = { dr = var.region, primary = var.primary_region }
  backend  = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "platform/${each.value}/terraform.tfstate"
  }
}

data "terraform_remote_state" "dns" {
  backend = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "dns/terraform.tfstate"
  }
}

module "roles" {
  source           = "../modules/roles"
  name             = "${var.app_name}-${var.env}"
  account          = local.platform.account
  trusted_role_arn = aws_iam_role.host.arn
  global_cluster   = local.platform.database.global_cluster
  services         = var.services
  record           = data.terraform_remote_state.dns.outputs.record
  more_records     = var.more_records
  build_project    = coalesce(var.build_project, "${var.app_name}-${var.env}-rebuild")
  primary          = local.sides.primary
  dr               = local.sides.dr
}

locals {
  sides = {
    for side, region in { primary = var.primary_region, dr = var.region } : side => {
      region                      = region
      db_cluster                  = data.terraform_remote_state.platform[side].outputs.database.cluster
      ecs_cluster                 = data.terraform_remote_state.platform[side].outputs.ecs_cluster
      listener_arn                = data.terraform_remote_state.platform[side].outputs.listener.arn
      kms_key_arn                 = data.terraform_remote_state.platform[side].outputs.kms_key_arn
    }
  }
}

locals {
  # What each is, and the variable that a task has it in.
  secrets = {
    signing-secret = { what = "Slack's signing secret", variable = "STANDBY_SLACK_SIGNING_SECRET" }
    bot-token      = { what = "Slack's bot token", variable = "STANDBY_SLACK_BOT_TOKEN" }
    app-token      = { what = "Slack's app-level token", variable = "STANDBY_SLACK_APP_TOKEN" }
    audit-key      = { what = "Key that signs the log", variable = "STANDBY_AUDIT_KEY" }
    link-secret    = { what = "Key of the links to the incident page", variable = "STANDBY_LINK_SECRET" }
  }
}

# Made empty; a person puts the values in, so that they are in no state and no plan.
resource "aws_secretsmanager_secret" "slack" {
  #checkov:skip=CKV2_AWS_57:Slack has no API to rotate a signing secret, and the log's key is rotated with a record; a person does, and the bot reads it at its next start
  for_each    = local.secrets
  name        = "${local.name}/${each.key}"
  description = "${each.value.what}, for Standby"
  kms_key_id  = local.platform.kms_key_arn
}

resource "aws_security_group" "host" {
  name        = local.name
  description = "Host of Standby"
  vpc_id      = local.platform.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.host.id
  description       = "AWS, Slack, and the pair's public endpoints"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
