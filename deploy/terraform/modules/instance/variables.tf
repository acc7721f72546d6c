variable "name" {
  type        = string
  description = "Name of the instance and of all that belongs to it."
}

variable "region" {
  type        = string
  description = "The DR region."
}

variable "role_name" {
  type        = string
  description = "The bot's role, which the instance has."
}

variable "subnet_id" {
  type        = string
  description = "Private subnet of the instance; the volume is in its zone."
}

variable "security_group_id" {
  type        = string
  description = "Security group that the instance wears."
}

variable "target_group_arns" {
  type        = list(string)
  description = "Target groups of the listeners through which Slack comes; none with Socket Mode."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the volume and the secrets."
}

variable "log_group" {
  type        = object({ name = string, arn = string })
  description = "Log group of the program and the installation."
}

variable "secret_arns" {
  type        = list(string)
  description = "Secrets that the instance may read."
}

variable "configuration" {
  type        = string
  description = "The bot's configuration, without secrets."
}

variable "program" {
  type        = object({ bucket = string, key = string, sha256 = string })
  description = "The program for the instance's architecture, in a bucket of the region, and its checksum."
}

variable "instance_type" {
  type        = string
  description = "Type of the instance."
}

variable "ami_parameter" {
  type        = string
  description = "SSM parameter of the image."
}

variable "volume_gib" {
  type        = number
  description = "Size of the volume."
}

variable "snapshot_hours" {
  type        = number
  description = "Hours between two snapshots of the volume."
}

variable "snapshots_kept" {
  type        = number
  description = "Snapshots kept."
}

variable "restore_snapshot_id" {
  type        = string
  description = "Snapshot that a new volume is made from; null for an empty one. Changes nothing about a volume that exists."
}
