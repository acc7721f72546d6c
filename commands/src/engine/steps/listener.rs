//! The listener forwards to the production target group, where one is configured.

use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals,
    topology::SideName,
};

pub(super) async fn look(pair: &Pair, side: SideName) -> Result<Sight, AwsError> {
    let Some(listener) = &pair.app.side(side).listener else {
        return Ok(Sight::Holds("no listener is configured".to_owned()));
    };
    let Some(state) = pair.aws.listener(side).await? else {
        return Ok(Sight::Failed(format!("there is no listener {}", listener.arn)));
    };
    Ok(match goals::listener_change(listener, &state) {
        None => Sight::Holds(format!("forwards to {}", listener.target_group_name())),
        Some(change) => Sight::Unmet {
            detail: "forwards elsewhere".to_owned(),
            actions: vec![Action { side, change: Wanted::Change(change), before: json!({ "actions": state.actions }) }],
        },
    })
}
