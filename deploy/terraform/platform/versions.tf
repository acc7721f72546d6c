terraform {
  # Write-only arguments (the database's password) and S3's own lock file.
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  backend "s3" {}
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      app   = var.app_name
      env   = var.env
      stack = "platform"
    }
  }
}
