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

variable "primary_region" {
  type        = string
  description = "Region that serves in steady state."
}

variable "dr_region" {
  type        = string
  description = "Disaster-recovery region."
  validation {
    condition     = var.dr_region != var.primary_region
    error_message = "The two regions must differ."
  }
}

variable "domain_name" {
  type        = string
  description = "Public name of the application, the one record that the bot moves."
  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain_name))
    error_message = "domain_name is a full name in lower case, without a dot at the end."
  }
}

variable "zone_id" {
  type        = string
  description = "Id of the public hosted zone that holds the name."
}
