data "aws_ssm_parameter" "ami" {
  count = local.hosts
  name  = var.ami_parameter
}

data "aws_subnet" "host" {
  count = local.hosts
  id    = local.subnet
}

# The log's home. It is in one availability zone, and with it the host; the snapshots are not.
resource "aws_ebs_volume" "log" {
  count             = local.hosts
  availability_zone = data.aws_subnet.host[0].availability_zone
  size              = var.volume_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = local.platform.kms_key_arn
  snapshot_id       = var.restore_snapshot_id
  tags              = { Name = local.name, backup = local.name }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [snapshot_id]
  }
}

resource "aws_launch_template" "host" {
  count                  = local.hosts
  name                   = local.name
  image_id               = nonsensitive(data.aws_ssm_parameter.ami[0].value)
  instance_type          = var.instance_type
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.host.id]
  user_data              = base64gzip(local.cloud_config)

  iam_instance_profile {
    arn = aws_iam_instance_profile.host[0].arn
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
    tags          = { Name = local.name }
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
  count                     = local.hosts
  name                      = local.name
  min_size                  = 1
  max_size                  = 1
  vpc_zone_identifier       = [local.subnet]
  health_check_type         = "EC2"
  health_check_grace_period = 300
  target_group_arns         = [for group in aws_lb_target_group.slack : group.arn]

  launch_template {
    id      = aws_launch_template.host[0].id
    version = aws_launch_template.host[0].latest_version
  }

  # The old one goes before the new one comes.
  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage = 0
      max_healthy_percentage = 100
    }
  }

  depends_on = [aws_iam_role_policy.host, aws_iam_role_policy.bot]
}

locals {
  # JSON is YAML. Everything the host needs is in it but the program, the secrets and the log.
  cloud_config = join("\n", ["#cloud-config", jsonencode(local.cloud)])
  cloud = {
    write_files = [for path, file in local.files : {
      path        = path
      content     = file.content
      permissions = file.mode
    }]
    runcmd = [["systemctl", "daemon-reload"], ["/usr/local/lib/standby/install"]]
  }
  # Without one there is no instance.
  program = coalesce(var.program, { bucket = "", key = "", sha256 = "" })
  host    = "${path.module}/../../host"
  units   = "${path.module}/../../systemd"
  files = merge(
    {
      "/etc/standby/standby.toml" = { content = file(var.config_file), mode = "0644" }
      "/etc/standby/host.env" = {
        mode = "0644"
        content = join("\n", [
          "STANDBY_NAME=${local.name}",
          "STANDBY_VOLUME=${join("", aws_ebs_volume.log[*].id)}",
          "STANDBY_PROGRAM=s3://${local.program.bucket}/${local.program.key}",
          "STANDBY_SHA256=${local.program.sha256}",
          "STANDBY_LOG_GROUP=${aws_cloudwatch_log_group.bot.name}",
          "AWS_REGION=${var.region}",
          "AWS_DEFAULT_REGION=${var.region}",
          "AWS_STS_REGIONAL_ENDPOINTS=regional",
          "",
        ])
      }
    },
    {
      # The program's own log goes to CloudWatch by way of a file, which is all that the agent reads.
      "/etc/systemd/system/standby.service.d/log.conf" = { content = "[Service]\nStandardError=append:/var/log/standby/standby.log\n", mode = "0644" }
      "/etc/logrotate.d/standby"                       = { content = "/var/log/standby/*.log {\n  size 50M\n  rotate 4\n  copytruncate\n  missingok\n}\n", mode = "0644" }
      "/etc/standby/cloudwatch.json" = {
        mode = "0644"
        content = jsonencode({
          agent = { run_as_user = "root" }
          logs = { logs_collected = { files = { collect_list = [
            { file_path = "/var/log/standby/standby.log", log_group_name = aws_cloudwatch_log_group.bot.name, log_stream_name = "standby" },
            { file_path = "/var/log/cloud-init-output.log", log_group_name = aws_cloudwatch_log_group.bot.name, log_stream_name = "install" },
          ] } } }
        })
      }
    },
    { for script in ["install", "attach", "secrets", "watch"] : "/usr/local/lib/standby/${script}" => { content = file("${local.host}/${script}"), mode = "0755" } },
    { for unit in fileset(local.units, "*.{service,timer}") : "/etc/systemd/system/${unit}" => { content = file("${local.units}/${unit}"), mode = "0644" } },
  )
}
