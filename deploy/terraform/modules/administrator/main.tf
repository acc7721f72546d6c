# The database administrator's password: made by AWS, kept in Secrets Manager in both regions, and in no state. Secrets Manager's own management
# of it is not to be had for a global database.

ephemeral "aws_secretsmanager_random_password" "this" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:rotation needs a function of the application's own that tells its clients
  name        = "${var.name}/database"
  description = "Administrator of the database of ${var.name}"
  kms_key_id  = var.kms_key_arn

  # What DR needs on the day must be there before the day.
  replica {
    region = var.peer_region
  }
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id
  secret_string_wo = jsonencode({
    username = var.username
    password = ephemeral.aws_secretsmanager_random_password.this.random_password
    database = var.database_name
  })
  # Written once: another number writes another password, and the cluster's with it.
  secret_string_wo_version = 1
}
