region         = "us-west-2"
primary_region = "us-east-1"
services       = ["api"]
# Written by `standby init`, or by hand from standby.example.toml.
config_file = "../../standby.example.toml"
program = {
  bucket = "shop-prod-artifacts-us-west-2"
  key    = "standby/0.1.0/standby-aarch64"
  sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
}
alarm_topic_arns = ["arn:aws:sns:us-west-2:123456789012:on-call"]
# As in [audit.replica] of the configuration. Begin with GOVERNANCE and a day: COMPLIANCE cannot be taken back.
replica = { mode = "COMPLIANCE", days = 400 }
# The bot as a Fargate task, in place of `program`:
# fargate = {
#   image       = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby@sha256:…"
#   watch_image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:…"
#   secrets     = ["bot-token", "app-token", "audit-key"]
# }
