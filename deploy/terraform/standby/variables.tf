variable "app_name" {
  type        = string
  description = "Name of the application; begins every resource's name."
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.app_name))
    error_message = "app_name has 2 to 20 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "env" {
  type        = string
  description = "Environment, such as prod; second part of every resource's name."
  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.env))
    error_message = "env has 2 to 10 lower-case letters and digits, and begins with a letter."
  }
}

variable "region" {
  type        = string
  description = "The DR region, where the bot stands."
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is not the name of an AWS region."
  }
}

variable "state" {
  type        = object({ bucket = string, region = string })
  description = "Bucket of the state, and its region: output `state` of bootstrap."
}

variable "primary_region" {
  type        = string
  description = "The region that serves in steady state."
  validation {
    condition     = var.primary_region != var.region
    error_message = "The bot stands in the DR region: it has to outlive the primary."
  }
}

variable "services" {
  type        = set(string)
  description = "Names of the ECS services that the bot scales, as in its configuration."
}

variable "config_file" {
  type        = string
  description = "The bot's configuration, without secrets: a path from this stack's folder, or an absolute one. A change of it replaces the host or the task, which takes a few minutes; runs go on where they were."
}

variable "program" {
  type        = object({ bucket = string, key = string, sha256 = string })
  description = "The program `standby` for the instance's architecture, in a bucket of the DR region, and its checksum, without which the host does not start it. Null with `fargate`, whose image has it."
  default     = null
  validation {
    condition     = var.fargate == null ? can(regex("^[0-9a-f]{64}$", var.program.sha256)) : var.program == null
    error_message = "The instance needs program, with program.sha256, the checksum in 64 hex digits (sha256sum standby); with fargate leave it out."
  }
}

variable "fargate" {
  type = object({
    image        = string
    watch_image  = string
    secrets      = set(string)
    trusted_keys = optional(list(string), [])
    architecture = optional(string, "ARM64")
    cpu          = optional(number, 512)
    memory       = optional(number, 1024)
    storage_gib  = optional(number, 21)
  })
  description = "The bot as a Fargate task instead of an instance: its images by digest, in ECR of the DR region (targets of `deploy/Dockerfile`: the last one, and `watch`); which of the secrets are filled, since a task with an empty one does not start; public keys that signed the log before the present one. Null for the instance."
  default     = null
  validation {
    condition = var.fargate == null ? true : alltrue([
      for image in [var.fargate.image, var.fargate.watch_image] : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.${var.region}\\.amazonaws\\.com/[^:@]+@sha256:[0-9a-f]{64}$", image))
    ])
    error_message = "fargate.image and fargate.watch_image are images of this region's ECR by digest, ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…: what another region keeps cannot be fetched when it is dark."
  }
  validation {
    condition     = var.fargate == null ? true : length(setsubtract(["bot-token", "audit-key", var.slack_over_http ? "signing-secret" : "app-token"], var.fargate.secrets)) == 0
    error_message = "fargate.secrets has bot-token, audit-key (the replica is signed), and app-token for Socket Mode or signing-secret over HTTP."
  }
  validation {
    condition     = var.fargate == null ? true : length(setsubtract(var.fargate.secrets, keys(local.secrets))) == 0
    error_message = "fargate.secrets are among bot-token, app-token, signing-secret, audit-key and link-secret."
  }
  validation {
    condition     = var.fargate == null ? true : var.fargate.storage_gib >= 21 && var.fargate.storage_gib <= 200
    error_message = "fargate.storage_gib is 21 to 200."
  }
}

variable "slack_over_http" {
  type        = bool
  description = "Whether Slack reaches the bot through API Gateway. False with Socket Mode: then nothing from outside reaches it."
  default     = true
}

variable "instance_type" {
  type        = string
  description = "Type of the host; the program needs little."
  default     = "t4g.small"
}

variable "ami_parameter" {
  type        = string
  description = "SSM parameter of the image: Amazon Linux 2023 for the instance type's architecture."
  default     = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

variable "volume_gib" {
  type        = number
  description = "Size of the volume that holds the log. A run is some hundred records of a KiB."
  default     = 20
  validation {
    condition     = var.volume_gib >= 8
    error_message = "volume_gib is at least 8."
  }
}

variable "snapshot_hours" {
  type        = number
  description = "Hours between two snapshots of the volume."
  default     = 1
  validation {
    condition     = contains([1, 2, 3, 4, 6, 8, 12, 24], var.snapshot_hours)
    error_message = "snapshot_hours is 1, 2, 3, 4, 6, 8, 12 or 24."
  }
}

variable "snapshots_kept" {
  type        = number
  description = "Snapshots kept."
  default     = 168
}

variable "replica" {
  type        = object({ mode = string, days = number })
  description = "Retention of the log's replica, as in the bot's configuration: mode COMPLIANCE, which nobody can lift and nobody can shorten, or GOVERNANCE; and days. With COMPLIANCE the bucket cannot be deleted before the last object's time is over."
  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.replica.mode) && var.replica.days >= 1 && var.replica.days <= 36500
    error_message = "replica.mode is COMPLIANCE or GOVERNANCE, and replica.days 1 to 36500."
  }
}

variable "restore_snapshot_id" {
  type        = string
  description = "Snapshot that a new volume is made from, for a restore; null for an empty one. Changes nothing about a volume that exists."
  default     = null
}

variable "alarm_topic_arns" {
  type        = list(string)
  description = "SNS topics of the DR region that alarms go to."
  validation {
    condition     = length(var.alarm_topic_arns) > 0
    error_message = "An alarm that nobody hears is none: name a topic."
  }
}

variable "build_project" {
  type        = string
  description = "CodeBuild project of the DR region that rebuilds a former primary; null where people apply the hand-off themselves."
  default     = null
}

variable "more_records" {
  type        = list(object({ zone = string, name = string }))
  description = "Records that move with the first one, in hosted zones of this account; the bot's configuration names them in `records`."
  default     = []
}

variable "zone_role_arns" {
  type        = list(string)
  description = "Roles of hosted zones in other accounts, `record.role_arn` in the bot's configuration, which the bot may assume. modules/zone-role makes one."
  default     = []
  validation {
    condition     = alltrue([for arn in var.zone_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", arn))])
    error_message = "Each is the ARN of a role."
  }
}
