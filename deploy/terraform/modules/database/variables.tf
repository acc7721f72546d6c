variable "name" {
  type        = string
  description = "Begins every resource's name."
}

variable "name_suffix" {
  type        = string
  description = "Ends the names of IAM roles, which are global: empty in the primary, `-dr` in DR."
}

variable "role" {
  type        = string
  description = "What this region is in steady state, `primary` or `dr`; ends the cluster's identifier."
}

variable "is_aurora_secondary" {
  type        = bool
  description = "Whether a cluster that is created joins as a secondary. Changes nothing about one that exists."
}

variable "aurora_source_region" {
  type        = string
  description = "Region that a new secondary replicates from; null where it is not one."
}

variable "engine_version" {
  type        = string
  description = "Aurora PostgreSQL version, the same in both regions."
}

variable "instance_class" {
  type        = string
  description = "Class of the instances, the same in both regions."
}

variable "instances" {
  type        = number
  description = "Instances; at least one, since a cluster without any cannot be promoted."
}

variable "database_name" {
  type        = string
  description = "Name of the first database."
}

variable "master_username" {
  type        = string
  description = "Name of the database's administrator."
}

variable "master_password" {
  type        = string
  ephemeral   = true
  description = "Password of the administrator, for a writer that is created; null for a secondary."
}

variable "backup_retention_days" {
  type        = number
  description = "Days of automated backups."
}

variable "vpc_id" {
  type        = string
  description = "The VPC."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of at least two zones."
}

variable "client_security_group_id" {
  type        = string
  description = "Security group of the tasks, which alone may connect."
}

variable "kms_key_arn" {
  type        = string
  description = "Customer-managed key of this region: Aurora takes no other for an encrypted secondary in another region."
}

variable "deletion_protection" {
  type        = bool
  description = "Whether the cluster refuses to be deleted; the bot lifts it after its snapshot, and only from a detached cluster."
}
