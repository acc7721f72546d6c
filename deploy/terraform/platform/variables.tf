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

variable "role" {
  type        = string
  description = "What this region is in steady state: `primary` or `dr`."
  validation {
    condition     = contains(["primary", "dr"], var.role)
    error_message = "role is primary or dr."
  }
}

variable "peer_region" {
  type        = string
  description = "The other region of the pair."
  validation {
    condition     = var.peer_region != var.region
    error_message = "peer_region is this region."
  }
}

variable "name_suffix" {
  type        = string
  description = "Ends the names of what is global in an account, IAM roles: empty in the primary, `-dr` in DR."
  default     = ""
  validation {
    condition     = (var.role == "dr") == (var.name_suffix != "")
    error_message = "name_suffix is empty in the primary and not empty in DR, or the two regions' IAM roles collide."
  }
}

variable "az_count" {
  type        = number
  description = "Availability zones in use: 3 where the region has them, otherwise 2."
  validation {
    condition     = contains([2, 3], var.az_count)
    error_message = "az_count is 2 or 3: fewer is not highly available, more is not planned for."
  }
}

variable "nat_per_az" {
  type        = bool
  description = "A NAT gateway in each zone; otherwise one for all, which costs less and ends with its zone."
  default     = true
}

variable "vpc_cidr" {
  type        = string
  description = "Address range of this region's VPC."
  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 22, false)
    error_message = "vpc_cidr is a range from /16 to /22, such as 10.0.0.0/16."
  }
}

variable "peer_vpc_cidr" {
  type        = string
  description = "Address range of the other region's VPC; the two must not overlap, or they can never be peered."
  validation {
    # Two ranges overlap where the longer one's network lies in the shorter one's.
    condition = try(
      cidrhost("${split("/", var.vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", var.peer_vpc_cidr)[1])}", 0) !=
      cidrhost("${split("/", var.peer_vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", var.peer_vpc_cidr)[1])}", 0),
      false,
    )
    error_message = "vpc_cidr and peer_vpc_cidr overlap (or peer_vpc_cidr is no range): pick ranges apart, such as 10.0.0.0/16 and 10.1.0.0/16."
  }
}

variable "app_port" {
  type        = number
  description = "Port that the application's tasks listen on."
  default     = 8080
  validation {
    condition     = var.app_port > 0 && var.app_port < 65536
    error_message = "app_port is not a port."
  }
}

variable "health_path" {
  type        = string
  description = "Path of the application's health page."
  default     = "/healthz"
  validation {
    condition     = startswith(var.health_path, "/")
    error_message = "health_path begins with a slash."
  }
}

variable "live" {
  type        = string
  description = "Target group that the listener begins with: `green` takes production, `blue` has no tasks and answers 503."
  default     = "green"
  validation {
    condition     = contains(["blue", "green"], var.live)
    error_message = "live is blue or green."
  }
}

variable "is_aurora_secondary" {
  type        = bool
  description = "Whether this region's cluster, where it has to be created, joins as a secondary: true in DR, and in the primary for the rebuild of a failback."
  validation {
    condition     = var.is_aurora_secondary || var.role == "primary"
    error_message = "In DR the cluster is a secondary."
  }
}

variable "aurora_source_region" {
  type        = string
  description = "Region that a secondary is created from; null for a writer."
  default     = null
  validation {
    condition     = var.is_aurora_secondary ? var.aurora_source_region == var.peer_region : var.aurora_source_region == null
    error_message = "A secondary replicates from the other region of the pair; a writer has no source."
  }
}

variable "aurora" {
  type = object({
    engine_version        = optional(string, "16.11")
    instance_class        = optional(string, "db.r6g.large")
    instances             = optional(number, 2)
    database_name         = optional(string, "app")
    master_username       = optional(string, "app_admin")
    backup_retention_days = optional(number, 14)
  })
  description = "The database; version and class must be the same in both regions."
  default     = {}
  validation {
    condition     = var.aurora.instances >= 1
    error_message = "A cluster without an instance cannot be promoted."
  }
  validation {
    condition     = var.aurora.backup_retention_days >= 7 && var.aurora.backup_retention_days <= 35
    error_message = "backup_retention_days is from 7 to 35."
  }
}

variable "redis" {
  type = object({
    node_type      = optional(string, "cache.t4g.small")
    nodes          = optional(number, 2)
    engine_version = optional(string, "7.1")
  })
  description = "The cache, of this region alone: after a promote it is cold, and warms up from the database."
  default     = {}
}

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."
  default     = 365
}

variable "deletion_protection" {
  type        = bool
  description = "Whether database and load balancer refuse to be deleted. Off for throw-away copies only."
  default     = true
}
