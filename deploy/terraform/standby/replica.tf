# The log's replica: a bucket in which nobody can change or delete what was put there, for as long as `replica` says.

locals {
  replica = "${local.name}-log-${data.aws_caller_identity.this.account_id}"
}

# A key of its own: whoever destroys a key destroys what it encrypts, locked or not.
resource "aws_kms_key" "replica" {
  description             = "Replica of the log of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.replica_key.json

  lifecycle {
    prevent_destroy = true
  }
}

# Who may use the key is decided by IAM policies of this account, and by nobody outside it.
data "aws_iam_policy_document" "replica_key" {
  #checkov:skip=CKV_AWS_109:a key policy speaks of this key alone; the account's own administrators have to be able to manage it
  #checkov:skip=CKV_AWS_111:a key policy speaks of this key alone
  #checkov:skip=CKV_AWS_356:in a key policy "*" is the key itself
  statement {
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }
}

resource "aws_s3_bucket" "replica" {
  #checkov:skip=CKV_AWS_144:the replica is for the loss of the host, its volume and its zone; with the DR region dark there is nowhere to fail over to
  #checkov:skip=CKV_AWS_18:who reads and writes is in the account's CloudTrail, which an access log would only repeat
  #checkov:skip=CKV2_AWS_62:nothing acts on a new object
  bucket              = local.replica
  object_lock_enabled = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "replica" {
  bucket = aws_s3_bucket.replica.id
  versioning_configuration {
    status = "Enabled"
  }
}

# The bot says mode and end with each object; this is for whatever else is put there.
resource "aws_s3_bucket_object_lock_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id
  rule {
    default_retention {
      mode = var.replica.mode
      days = var.replica.days
    }
  }
  depends_on = [aws_s3_bucket_versioning.replica]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.replica.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "replica" {
  bucket                  = aws_s3_bucket.replica.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Nothing expires: an older version may be the genuine one.
resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  bucket = aws_s3_bucket.replica.id
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  depends_on = [aws_s3_bucket_versioning.replica]
}

data "aws_iam_policy_document" "replica_bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.replica.arn, "${aws_s3_bucket.replica.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "replica" {
  bucket     = aws_s3_bucket.replica.id
  policy     = data.aws_iam_policy_document.replica_bucket.json
  depends_on = [aws_s3_bucket_public_access_block.replica]
}

# A template of plain JSON, which a test of the bot compares with the calls that it makes.
resource "aws_iam_role_policy" "replica" {
  name = "replica"
  role = aws_iam_role.host.id
  policy = templatefile("${path.module}/replica.json.tftpl", {
    bucket  = local.replica
    key_arn = aws_kms_key.replica.arn
    region  = var.region
  })
}
