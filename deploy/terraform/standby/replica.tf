# The log's replica: a bucket in which nobody can change or delete what was put there, for as long as `replica` says.

locals {
  replica = "${local.name}-log-${data.aws_caller_identity.this.account_id}"
}

module "replica" {
  source      = "../modules/bucket"
  name        = local.replica
  holds       = "Replica of the log of ${local.name}"
  object_lock = true
}

# The bot says mode and end with each object; this is for whatever else is put there.
resource "aws_s3_bucket_object_lock_configuration" "replica" {
  bucket = module.replica.id
  rule {
    default_retention {
      mode = var.replica.mode
      days = var.replica.days
    }
  }
}

# Nothing expires: an older version may be the genuine one.
resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  bucket = module.replica.id
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# A template of plain JSON, which a test of the bot compares with the calls that it makes.
resource "aws_iam_role_policy" "replica" {
  name = "replica"
  role = aws_iam_role.host.name
  policy = templatefile("${path.module}/replica.json.tftpl", {
    bucket  = local.replica
    key_arn = module.replica.key_arn
    region  = var.region
  })
}
