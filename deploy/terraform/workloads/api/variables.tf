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
  description = "Region of this apply."
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is not the name of an AWS region."
  }
}

variable "state" {
  type        = object({ bucket = string, region = string })
  description = "Bucket of the state, and its region: output `state` of bootstrap."
}

variable "name_suffix" {
  type        = string
  description = "Ends the names of what is global in an account, IAM roles: empty in the primary, `-dr` in DR."
  default     = ""
}

variable "image" {
  type        = string
  description = "Image of the service, pinned by tag or digest, from a registry of this region: the other one may be dark."
  validation {
    condition     = can(regex("(:[^/:]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "Pin the image by a tag other than latest, or by its digest: both regions must run the same."
  }
}

variable "cpu" {
  type        = number
  description = "CPU units of a task, the same in both regions."
  default     = 512
}

variable "memory" {
  type        = number
  description = "MiB of a task, the same in both regions."
  default     = 1024
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of the container, beside those that name database and cache."
  default     = {}
}

variable "production" {
  type        = object({ desired = number, min = number, max = number })
  description = "Tasks that production runs with; the bot's `desired` and `min`."
  validation {
    condition     = var.production.min >= 1 && var.production.desired >= var.production.min && var.production.max >= var.production.desired
    error_message = "production has 1 <= min <= desired <= max."
  }
}

variable "idle" {
  type        = number
  description = "Tasks, and minimum, at warm idle in DR; the bot's `idle`."
  default     = 1
  validation {
    condition     = var.idle >= 1 && var.idle <= var.production.min
    error_message = "idle is at least one task, so that DR is known to work, and not more than production's minimum."
  }
}
