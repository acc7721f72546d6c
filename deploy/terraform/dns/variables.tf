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
  description = "Region of the API calls; Route 53 is global."
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
  description = "Region that the record points at when it is created; afterwards people and the bot move it."
}
