# The bot as a Fargate task. Its disk goes with it, so that each start restores the log from the replica, verifies it, and only then serves. One, and the old
# one stops before the new one starts: the log has one writer. Nothing but ECS sees to that; the volume of host.tf is the stronger promise.

locals {
  trusted_keys = try(var.fargate.trusted_keys, [])
  environment = merge(
    {
      AWS_REGION                 = var.region
      AWS_DEFAULT_REGION         = var.region
      AWS_STS_REGIONAL_ENDPOINTS = "regional"
      STANDBY_NAME               = local.name
    },
    length(local.trusted_keys) > 0 ? { STANDBY_RESTORE_KEYS = "/etc/standby/keys" } : {},
  )
  # Of both containers that know the bot.
  bot = {
    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name in sort(tolist(try(var.fargate.secrets, []))) : { name = local.secrets[name].variable, valueFrom = aws_secretsmanager_secret.slack[name].arn }]
    mountPoints = [
      { sourceVolume = "configuration", containerPath = "/etc/standby", readOnly = true },
      { sourceVolume = "log", containerPath = "/var/lib/standby", readOnly = false },
    ]
  }
  logged = {
    for name in ["configuration", "standby", "watch"] : name => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.bot.name
        awslogs-region        = var.region
        awslogs-stream-prefix = name
      }
    }
  }
}

resource "aws_ecs_task_definition" "bot" {
  #checkov:skip=CKV_AWS_336:ECS Exec, the terminal of people, writes to the disk of the container watch; the bot's own is read-only
  count                    = local.tasks
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.fargate.cpu
  memory                   = var.fargate.memory
  execution_role_arn       = aws_iam_role.start[0].arn
  task_role_arn            = aws_iam_role.host.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.fargate.architecture
  }

  ephemeral_storage {
    size_in_gib = var.fargate.storage_gib
  }

  volume {
    name = "configuration"
  }

  volume {
    name = "log"
  }

  container_definitions = jsonencode([
    {
      name                   = "configuration"
      image                  = var.fargate.watch_image
      essential              = false
      readonlyRootFilesystem = true
      entryPoint             = ["/bin/sh", "-c"]
      command                = ["printf %s \"$CONFIGURATION\" >/etc/standby/standby.toml && printf %s \"$KEYS\" >/etc/standby/keys"]
      environment = [
        { name = "CONFIGURATION", value = file(var.config_file) },
        { name = "KEYS", value = join("", [for key in local.trusted_keys : "${key}\n"]) },
      ]
      mountPoints      = [{ sourceVolume = "configuration", containerPath = "/etc/standby", readOnly = false }]
      logConfiguration = local.logged.configuration
    },
    merge(local.bot, {
      name                   = "standby"
      image                  = var.fargate.image
      essential              = true
      readonlyRootFilesystem = true
      command                = ["serve", "--restore"]
      dependsOn              = [{ containerName = "configuration", condition = "SUCCESS" }]
      portMappings           = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
      # Calls under way end, and the last records go to the replica.
      stopTimeout = 60
      # Five minutes for the restore, and as long again.
      healthCheck = {
        command     = ["CMD", "/usr/local/bin/standby", "health"]
        interval    = 30
        timeout     = 5
        retries     = 10
        startPeriod = 300
      }
      linuxParameters  = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      logConfiguration = local.logged.standby
    }),
    merge(local.bot, {
      name             = "watch"
      image            = var.fargate.watch_image
      essential        = false
      restartPolicy    = { enabled = true }
      dependsOn        = [{ containerName = "configuration", condition = "SUCCESS" }]
      linuxParameters  = { initProcessEnabled = true }
      logConfiguration = local.logged.watch
    }),
  ])
}

resource "aws_ecs_service" "bot" {
  count                              = local.tasks
  name                               = local.name
  cluster                            = local.platform.ecs_cluster
  task_definition                    = aws_ecs_task_definition.bot[0].arn
  launch_type                        = "FARGATE"
  desired_count                      = 1
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED"
  enable_execute_command             = true
  propagate_tags                     = "SERVICE"

  # Any zone: nothing of the task's is bound to one.
  network_configuration {
    subnets          = local.platform.private_subnet_ids
    security_groups  = [aws_security_group.host.id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.slack
    content {
      target_group_arn = load_balancer.value.arn
      container_name   = "standby"
      container_port   = local.port
    }
  }

  depends_on = [aws_iam_role_policy.bot, aws_iam_role_policy.replica, aws_iam_role_policy.start, aws_lb_listener.slack]
}

# People's terminal: `aws ecs execute-command --container watch`.
data "aws_iam_policy_document" "terminal" {
  #checkov:skip=CKV_AWS_356:these actions know no resources
  count = local.tasks
  statement {
    sid       = "LetPeopleIn"
    actions   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "terminal" {
  count  = local.tasks
  name   = "terminal"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.terminal[0].json
}

# What ECS needs before the task runs: the images, the secrets, the log group.
resource "aws_iam_role" "start" {
  count              = local.tasks
  name               = "${local.name}-start"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
}

data "aws_iam_policy_document" "start" {
  count = local.tasks

  statement {
    sid       = "FetchTheImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = distinct([for image in [var.fargate.image, var.fargate.watch_image] : "arn:aws:ecr:${var.region}:${split(".", image)[0]}:repository/${regex("/([^@]+)@", image)[0]}"])
  }

  # It knows no resource.
  statement {
    sid       = "EnterTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadTheSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for name in sort(tolist(var.fargate.secrets)) : aws_secretsmanager_secret.slack[name].arn]
  }

  statement {
    sid       = "OpenTheSecrets"
    actions   = ["kms:Decrypt"]
    resources = [local.platform.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.bot.arn}:*"]
  }
}

resource "aws_iam_role_policy" "start" {
  count  = local.tasks
  name   = "start"
  role   = aws_iam_role.start[0].id
  policy = data.aws_iam_policy_document.start[0].json
}
