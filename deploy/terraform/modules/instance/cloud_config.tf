# What the instance is told when it starts.

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
  host  = "${path.module}/../../../host"
  units = "${path.module}/../../../systemd"
  files = merge(
    {
      "/etc/standby/standby.toml" = { content = var.configuration, mode = "0644" }
      "/etc/standby/host.env" = {
        mode = "0644"
        content = join("\n", [
          "STANDBY_NAME=${var.name}",
          "STANDBY_VOLUME=${aws_ebs_volume.log.id}",
          "STANDBY_PROGRAM=s3://${var.program.bucket}/${var.program.key}",
          "STANDBY_SHA256=${var.program.sha256}",
          "STANDBY_LOG_GROUP=${var.log_group.name}",
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
            { file_path = "/var/log/standby/standby.log", log_group_name = var.log_group.name, log_stream_name = "standby" },
            { file_path = "/var/log/cloud-init-output.log", log_group_name = var.log_group.name, log_stream_name = "install" },
          ] } } }
        })
      }
    },
    { for script in ["install", "attach", "secrets", "watch"] : "/usr/local/lib/standby/${script}" => { content = file("${local.host}/${script}"), mode = "0755" } },
    { for unit in fileset(local.units, "*.{service,timer}") : "/etc/systemd/system/${unit}" => { content = file("${local.units}/${unit}"), mode = "0644" } },
  )
}
