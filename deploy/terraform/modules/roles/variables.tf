variable "name" {
  type        = string
  description = "Begins the roles' names, which are global in the account: `NAME-standby-read`, `-promote`, `-failback`."
}

variable "account" {
  type        = string
  description = "Account of the pair."
}

variable "trusted_role_arn" {
  type        = string
  description = "Role of the bot's host, which alone may assume these."
}

variable "global_cluster" {
  type        = string
  description = "Identifier of the Aurora global cluster."
}

variable "services" {
  type        = set(string)
  description = "Names of the ECS services that the bot scales."
  validation {
    condition     = length(var.services) > 0
    error_message = "Name at least one service."
  }
}

variable "record" {
  type        = object({ zone = string, name = string })
  description = "The first record that the bot moves."
}

variable "more_records" {
  type        = list(object({ zone = string, name = string }))
  description = "Other records that move with it, in zones of the same account."
  default     = []
}

variable "build_project" {
  type        = string
  description = "CodeBuild project of the DR region that rebuilds a former primary. It need not exist where people do that."
}

variable "primary" {
  type = object({
    region       = string
    db_cluster   = string
    ecs_cluster  = string
    listener_arn = string
    kms_key_arn  = string
  })
  description = "The region that serves in steady state."
}

variable "dr" {
  type = object({
    region       = string
    db_cluster   = string
    ecs_cluster  = string
    listener_arn = string
    kms_key_arn  = string
  })
  description = "The disaster-recovery region."
}
