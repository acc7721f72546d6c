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
  validation {
    # A target group's name has 32: APP-ENV-green.
    condition     = length("${var.app_name}-${var.env}") <= 26
    error_message = "app_name and env have 25 characters together at most: AWS names a target group in 32."
  }
}

variable "state" {
  type        = object({ bucket = string, region = string })
  description = "The bucket to create, and its region: the DR region, or a third one; never the primary. Bucket names are global, so make it your own."
  validation {
    condition     = var.state.region != var.primary_region
    error_message = "State must be outside the primary region: while that is dark, it has to be readable."
  }
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state.bucket))
    error_message = "state.bucket is not a valid bucket name."
  }
}

variable "primary_region" {
  type        = string
  description = "Region that serves in steady state."
}

variable "keep_versions_days" {
  type        = number
  description = "Days that older versions of a state are kept; the newest 20 are kept in any case."
  default     = 365
  validation {
    condition     = var.keep_versions_days >= 30
    error_message = "Keep at least 30 days: a failback can take that long."
  }
}
