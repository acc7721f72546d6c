variable "name" {
  type        = string
  description = "Name of the service, the same in both regions: the bot knows it by that."
}

variable "app" {
  type        = string
  description = "Application and environment, which begin the names of what is not inside the ECS cluster."
}

variable "name_suffix" {
  type        = string
  description = "Ends the names of IAM roles, which are global: empty in the primary, `-dr` in DR."
}

variable "cluster" {
  type        = string
  description = "Name of the ECS cluster."
}

variable "image" {
  type        = string
  description = "Image, with its digest or an immutable tag; from a registry that answers in this region."
}

variable "cpu" {
  type        = number
  description = "CPU units of a task."
}

variable "memory" {
  type        = number
  description = "MiB of a task."
}

variable "port" {
  type        = number
  description = "Port that the container listens on."
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of the container."
}

variable "secret_arns" {
  type        = map(string)
  description = "Environment variables whose values are secrets of Secrets Manager, by ARN."
}

variable "tasks" {
  type        = object({ desired = number, min = number, max = number })
  description = "Tasks to begin with, and the bounds of scaling; afterwards the bot and scaling move the first two."
}

variable "target_group_arn" {
  type        = string
  description = "Target group that the tasks register with; null for none."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets."
}

variable "security_group_id" {
  type        = string
  description = "Security group that the tasks wear."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts logs and secrets."
}

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."
}
