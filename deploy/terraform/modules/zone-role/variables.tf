variable "name" {
  type        = string
  description = "Name of the role."
  default     = "standby-dns"
}

variable "zone" {
  type        = string
  description = "Id of the hosted zone, without /hostedzone/."
}

variable "names" {
  type        = list(string)
  description = "Names of the records that the bot moves there."
  validation {
    condition     = length(var.names) > 0
    error_message = "Name at least one record."
  }
}

variable "trusted_role_arn" {
  type        = string
  description = "Role of the bot's host, which alone may assume this one: output `host_role_arn` of the standby stack."
}
