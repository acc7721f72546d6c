variable "name" {
  type        = string
  description = "Name of the service and of all that belongs to it."
}

variable "region" {
  type        = string
  description = "The DR region."
}

variable "role" {
  type        = object({ name = string, arn = string })
  description = "The bot's role, which the task has."
}

variable "cluster" {
  type        = string
  description = "Name of the ECS cluster."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of the task."
}

variable "security_group_id" {
  type        = string
  description = "Security group that the task wears."
}

variable "target_group_arns" {
  type        = list(string)
  description = "Target groups of the listeners through which Slack comes; none with Socket Mode."
}

variable "port" {
  type        = number
  description = "Port that the bot listens on."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the secrets."
}

variable "log_group" {
  type        = object({ name = string, arn = string })
  description = "Log group of the three containers."
}

variable "secrets" {
  type        = map(object({ variable = string, arn = string }))
  description = "Secrets that are filled, and the environment variable that the task has each in."
}

variable "configuration" {
  type        = string
  description = "The bot's configuration, without secrets."
}

variable "trusted_keys" {
  type        = list(string)
  description = "Public keys that signed the log before the present one."
}

variable "images" {
  type        = object({ standby = string, watch = string })
  description = "Images by digest, in ECR of the region: the bot, and what watches it."
}

variable "architecture" {
  type        = string
  description = "Architecture of the images: ARM64 or X86_64."
}

variable "cpu" {
  type        = number
  description = "CPU units."
}

variable "memory" {
  type        = number
  description = "MiB."
}

variable "storage_gib" {
  type        = number
  description = "Size of the task's disk, which has the log."
}
