# One small instance that is replaced when it fails, and a volume with the log that outlives it.

data "aws_ssm_parameter" "ami" {
  name = var.ami_parameter
}

data "aws_subnet" "host" {
  id = var.subnet_id
}

# The log's home. It is in one availability zone, and with it the host; the snapshots are not.
resource "aws_ebs_volume" "log" {
  availability_zone = data.aws_subnet.host.availability_zone
  size              = var.volume_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  snapshot_id       = var.restore_snapshot_id
  tags              = { Name = var.name, backup = var.name }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [snapshot_id]
  }
}

resource "aws_launch_template" "host" {
  name                   = var.name
  image_id               = nonsensitive(data.aws_ssm_parameter.ami.value)
  instance_type          = var.instance_type
  update_default_version = true
  vpc_security_group_ids = [var.security_group_id]
  user_data              = base64gzip(local.cloud_config)

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  # Credentials of the host's role only to who is on the host, and with a token.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = true
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = var.name }
  }

  lifecycle {
    precondition {
      # 16 KiB, and a third more in base64.
      condition     = length(base64gzip(local.cloud_config)) <= 21844
      error_message = "The configuration is too long for EC2's user data, which holds 16 KiB compressed: leave comments out."
    }
  }
}

# One, and never two: the log has one writer, and the volume can be attached to one instance.
resource "aws_autoscaling_group" "host" {
  #checkov:skip=CKV_AWS_153:the tags are on the launch template
  name                      = var.name
  min_size                  = 1
  max_size                  = 1
  vpc_zone_identifier       = [var.subnet_id]
  health_check_type         = "EC2"
  health_check_grace_period = 300
  target_group_arns         = var.target_group_arns

  launch_template {
    id      = aws_launch_template.host.id
    version = aws_launch_template.host.latest_version
  }

  # The old one goes before the new one comes.
  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage = 0
      max_healthy_percentage = 100
    }
  }

  depends_on = [aws_iam_role_policy.host]
}
