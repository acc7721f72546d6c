variable "name" {
  type        = string
  description = "Begins every resource's name."
}

variable "name_suffix" {
  type        = string
  description = "Ends the names of IAM roles, which are global: empty in the primary, `-dr` in DR."
}

variable "vpc_cidr" {
  type        = string
  description = "Address range of the VPC, /16 to /22."
}

variable "az_count" {
  type        = number
  description = "Availability zones in use, 2 or 3."
}

variable "nat_per_az" {
  type        = bool
  description = "A NAT gateway in each zone; otherwise one for all, which costs less and ends with its zone."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the flow log."
}

variable "log_retention_days" {
  type        = number
  description = "Days that the flow log is kept."
}
