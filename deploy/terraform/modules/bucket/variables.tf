variable "name" {
  type        = string
  description = "Name of the bucket; global."
}

variable "holds" {
  type        = string
  description = "What it holds, for people who see its key."
}

variable "object_lock" {
  type        = bool
  description = "Whether objects in it can be locked. Only a new bucket can be made so."
  default     = false
}
