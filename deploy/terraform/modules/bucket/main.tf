# A private bucket with versions, encrypted with a key of its own, for TLS only.

data "aws_caller_identity" "this" {}

# A key of its own: whoever destroys a key destroys what it encrypts, locked or not.
resource "aws_kms_key" "this" {
  description             = var.holds
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json

  lifecycle {
    prevent_destroy = true
  }
}

# Who may use the key is decided by IAM policies of this account, and by nobody outside it.
data "aws_iam_policy_document" "key" {
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

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:what is here is for the loss of the primary, a host or a zone; with the DR region dark nobody acts on it, and the primary serves
  #checkov:skip=CKV_AWS_18:who reads and writes is in the account's CloudTrail, which an access log would only repeat
  #checkov:skip=CKV2_AWS_62:nothing acts on a new object
  #checkov:skip=CKV2_AWS_61:what expires, and whether, is each stack's own rule
  bucket              = var.name
  object_lock_enabled = var.object_lock

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
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

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  policy     = data.aws_iam_policy_document.tls_only.json
  depends_on = [aws_s3_bucket_public_access_block.this]
}
