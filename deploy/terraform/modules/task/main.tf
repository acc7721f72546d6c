# The bot as a Fargate task. Its disk goes with it, so that each start restores the log from the replica, verifies it, and only then serves. One, and the old
# one stops before the new one starts: the log has one writer. Nothing but ECS sees to that; the volume of an instance is the stronger promise.

locals {
  environment = merge(
    {
      AWS_REGION                 = var.region
      AWS_DEFAULT_REGION         = var.region
      AWS_STS_REGIONAL_ENDPOINTS = "regional"
      STANDBY_NAME               = var.name
    },
    length(var.trusted_keys) > 0 ? { STANDBY_RESTORE_KEYS = "/etc/standby/keys" } : {},
  )
  # Of both containers that know the bot.
  bot = {
    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name, secret in var.secrets : { name = secret.variable, valueFrom = secret.arn }]
    mountPoints = [
      { sourceVolume = "configuration", containerPath = "/etc/standby", readOnly = true },
      { sourceVolume = "log", containerPath = "/var/lib/standby", readOnly = false },
    ]
  }
  logged = {
    for name in ["configuration", "standby", "watch"] : name => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.log_group.name
        awslogs-region        = var.region
        awslogs-stream-prefix = name
      }
    }
  }
}

resource "aws_ecs_task_definition" "bot" {
  #checkov:skip=CKV_AWS_336:ECS Exec, the terminal of people, writes to the disk of the container watch; the bot's own is read-only
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = var.role.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  ephemeral_storage {
    size_in_gib = var.storage_gib
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
      image                  = var.images.watch
      essential              = false
      readonlyRootFilesystem = true
      entryPoint             = ["/bin/sh", "-c"]
      command                = ["printf %s \"$CONFIGURATION\" >/etc/standby/standby.toml && printf %s \"$KEYS\" >/etc/standby/keys"]
      environment = [
        { name = "CONFIGURATION", value = var.configuration },
        { name = "KEYS", value = join("", [for key in var.trusted_keys : "${key}\n"]) },
      ]
      mountPoints      = [{ sourceVolume = "configuration", containerPath = "/etc/standby", readOnly = false }]
      logConfiguration = local.logged.configuration
    },
    merge(local.bot, {
      name                   = "standby"
      image                  = var.images.standby
      essential              = true
      readonlyRootFilesystem = true
      command                = ["serve", "--restore"]
      dependsOn              = [{ containerName = "configuration", condition = "SUCCESS" }]
      portMappings           = [{ containerPort = var.port, hostPort = var.port, protocol = "tcp" }]
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
      image            = var.images.watch
      essential        = false
      restartPolicy    = { enabled = true }
      dependsOn        = [{ containerName = "configuration", condition = "SUCCESS" }]
      linuxParameters  = { initProcessEnabled = true }
      logConfiguration = local.logged.watch
    }),
  ])
}

resource "aws_ecs_service" "bot" {
  name                               = var.name
  cluster                            = var.cluster
  task_definition                    = aws_ecs_task_definition.bot.arn
  launch_type                        = "FARGATE"
  desired_count                      = 1
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  availability_zone_rebalancing      = "DISABLED"
  enable_execute_command             = true
  propagate_tags                     = "SERVICE"

  # Any zone: nothing of the task's is bound to one.
  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = var.target_group_arns
    content {
      target_group_arn = load_balancer.value
      container_name   = "standby"
      container_port   = var.port
    }
  }

  depends_on = [aws_iam_role_policy.start]
}
