mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-1" }
  }
  mock_data "aws_subnet" {
    defaults = { availability_zone = "us-west-2a" }
  }
}

variables {
  name                = "shop-prod-standby"
  region              = "us-west-2"
  role_name           = "shop-prod-standby-host"
  subnet_id           = "subnet-1"
  security_group_id   = "sg-1"
  target_group_arns   = []
  kms_key_arn         = "arn:aws:kms:us-west-2:123456789012:key/dr"
  log_group           = { name = "/shop-prod-standby", arn = "arn:aws:logs:us-west-2:123456789012:log-group:/shop-prod-standby" }
  secret_arns         = ["arn:aws:secretsmanager:us-west-2:123456789012:secret:shop-prod-standby/bot-token"]
  configuration       = "# empty"
  program             = { bucket = "artifacts", key = "standby", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }
  instance_type       = "t4g.small"
  ami_parameter       = "/aws/service/ami"
  volume_gib          = 20
  snapshot_hours      = 1
  snapshots_kept      = 168
  restore_snapshot_id = null
}

run "one_and_a_volume_that_outlives_it" {
  command = plan
  assert {
    condition     = aws_autoscaling_group.host.min_size == 1 && aws_autoscaling_group.host.max_size == 1
    error_message = "the log has one writer"
  }
  assert {
    condition     = aws_autoscaling_group.host.instance_refresh[0].preferences[0].min_healthy_percentage == 0
    error_message = "the old one goes before the new one comes"
  }
  assert {
    condition     = aws_ebs_volume.log.encrypted && aws_ebs_volume.log.availability_zone == "us-west-2a"
    error_message = "the volume is encrypted, and where the instance is"
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.log.policy_details[0].target_tags.backup == aws_ebs_volume.log.tags.backup
    error_message = "the volume's own snapshots"
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.log.policy_details[0].schedule[0].create_rule[0].interval == 1 && aws_dlm_lifecycle_policy.log.policy_details[0].schedule[0].retain_rule[0].count == 168
    error_message = "as often and as many as the settings say"
  }
  assert {
    condition     = aws_launch_template.host.metadata_options[0].http_tokens == "required"
    error_message = "credentials of the instance only with a token"
  }
}

run "what_is_too_long_for_user_data_is_refused" {
  command = plan
  # It is in the user data, whose length is known with it.
  override_resource {
    override_during = plan
    target          = aws_ebs_volume.log
    values          = { id = "vol-1" }
  }
  variables {
    # No compression makes 40,000 digits of a hash shorter than 20,000 bytes.
    configuration = join("", [for number in range(625) : sha256(tostring(number))])
  }
  expect_failures = [aws_launch_template.host]
}
