terraform {
  # Write-only arguments (the database's password) and S3's own lock file.
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  # Its own state cannot be in the bucket that it makes: a file beside your settings. Were it lost, `import` finds the bucket again.
  backend "local" {}
}

provider "aws" {
  region = var.state.region
  default_tags {
    tags = {
      app   = var.app_name
      env   = var.env
      stack = "bootstrap"
    }
  }
}
