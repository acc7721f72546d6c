# The public service: behind the listener that the bot switches. Copy this stack for each further service; those behind no listener leave
# `target_group_arn` null.

locals {
  name     = "${var.app_name}-${var.env}"
  platform = data.terraform_remote_state.platform.outputs
  idle     = { desired = var.idle, min = var.idle, max = var.production.max }
  secret = one([
    for arn in data.aws_secretsmanager_secrets.database.arns : arn
    if can(regex(":secret:${local.platform.database.secret_name}-[0-9A-Za-z]{6}$", arn))
  ])
  tasks = local.platform.role == "primary" ? var.production : local.idle
}

data "terraform_remote_state" "platform" {
  backend = "s3"
  config = {
    bucket = var.state.bucket
    region = var.state.region
    key    = "platform/${var.region}/terraform.tfstate"
  }
}

# Listed, since in DR it is a replica, of which not everything can be read. A filter by name takes what begins with it, too; what AWS adds to a name
# is six characters.
data "aws_secretsmanager_secrets" "database" {
  filter {
    name   = "name"
    values = [local.platform.database.secret_name]
  }
}

module "service" {
  source             = "../../modules/service"
  name               = "api"
  app                = local.name
  name_suffix        = var.name_suffix
  cluster            = local.platform.ecs_cluster
  image              = var.image
  cpu                = var.cpu
  memory             = var.memory
  port               = local.platform.app.port
  tasks              = local.tasks
  target_group_arn   = local.platform.listener.target_group
  subnet_ids         = local.platform.private_subnet_ids
  security_group_id  = local.platform.tasks_security_group_id
  kms_key_arn        = local.platform.kms_key_arn
  log_retention_days = local.platform.app.log_retention_days
  secret_arns        = { DATABASE_SECRET = local.secret }
  environment = merge(var.environment, {
    DATABASE_HOST        = local.platform.database.endpoint
    DATABASE_READER_HOST = local.platform.database.reader_endpoint
    REDIS_HOST           = local.platform.redis_endpoint
  })
}
