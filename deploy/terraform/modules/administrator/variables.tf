variable "name" {
  type        = string
  description = "Begins the secret's name."
}

variable "username" {
  type        = string
  description = "Name of the administrator."
}

variable "database_name" {
  type        = string
  description = "Name of the first database."
}

variable "peer_region" {
  type        = string
  description = "The other region, to which the secret is replicated."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the secret in this region."
}
