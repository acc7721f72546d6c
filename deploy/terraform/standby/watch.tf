# What the host tells of the bot (`deploy/host/watch`), and whom it wakes.

resource "aws_cloudwatch_log_group" "bot" {
  #checkov:skip=CKV_AWS_338:how long is the operator's choice; the default is a year
  name              = "/${local.name}"
  retention_in_days = local.platform.app.log_retention_days
  kms_key_id        = local.platform.kms_key_arn
}

locals {
  alarms = {
    not-ready = {
      metric      = "Ready", below = 1, minutes = 3, missing = "breaching"
      description = "Standby is not ready, or its host is gone: /dr would not answer. `curl localhost:8080/readyz` on the host says why."
    }
    deaf = {
      metric      = "Hears", below = 1, minutes = 5, missing = "breaching"
      description = "Standby has no way to hear Slack. The terminal on the host works."
    }
    slack-behind = {
      metric      = "SlackBehind", above = 50, minutes = 10, missing = "ignore"
      description = "Messages do not get into Slack. Runs go on; see /dr at the host's terminal."
    }
    paused-run = {
      metric      = "PausedRuns", above = 0, minutes = 5, missing = "ignore"
      description = "A run waits for a person: retry, skip or abort, in the incident channel."
    }
    readiness-red = {
      metric      = "CheckGreen", below = 1, minutes = 120, missing = "breaching"
      description = "`standby check` fails: a promote would be stopped, or blind. Run it on the host; it names the fix."
    }
    replica-behind = {
      metric      = "ReplicaBehind", above = 900, minutes = 10, missing = "ignore"
      description = "The log's replica has lacked records for a quarter of an hour. Runs go on. The bot's log says why: S3 dark, a right missing, or somebody who writes to the bucket. Until it is mended the host's volume is the only copy."
    }
    log-not-verified = {
      metric      = "LogVerified", below = 1, minutes = 1560, missing = "breaching"
      description = "The audit log could not be exported and verified for a day. Treat it as evidence: copy the volume before you touch it."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "Standby"
  metric_name         = each.value.metric
  dimensions          = { Host = local.name }
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  # The best and the worst that was told in the time: one good answer is enough, and one bad one is not.
  statistic          = can(each.value.below) ? "Maximum" : "Minimum"
  period             = each.value.minutes > 60 ? 3600 : 60
  evaluation_periods = each.value.minutes > 60 ? ceil(each.value.minutes / 60) : each.value.minutes
  treat_missing_data = each.value.missing
  alarm_actions      = var.alarm_topic_arns
  ok_actions         = var.alarm_topic_arns
}
