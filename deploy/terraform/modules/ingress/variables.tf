variable "name" {
  type        = string
  description = "Begins every resource's name."
}

variable "vpc_id" {
  type        = string
  description = "The VPC."
}

variable "private_subnet_ids" {
  type        = list(string)
  description = "Where the load balancer and the VPC link stand."
}

variable "domain_name" {
  type        = string
  description = "Public name of the application: name of the custom domain, and of the certificate at the load balancer."
}

variable "certificate_arn" {
  type        = string
  description = "The region's certificate for that name."
}

variable "app_port" {
  type        = number
  description = "Port that the tasks listen on."
}

variable "health_path" {
  type        = string
  description = "Path of the tasks' health page."
}

variable "live" {
  type        = string
  description = "Target group that the listener begins with, `blue` or `green`; afterwards deployments and the bot move it."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the access log."
}

variable "log_retention_days" {
  type        = number
  description = "Days that the access log is kept."
}

variable "deletion_protection" {
  type        = bool
  description = "Whether the load balancer refuses to be deleted."
}
