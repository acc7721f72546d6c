//! A stand-in Slack.
