//! Two simulated AWS regions and a stand-in Slack that speak the real wire protocols.

pub mod slack;
