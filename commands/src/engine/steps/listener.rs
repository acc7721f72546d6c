//! The listener, or one rule of it, forwards to the production target group, where one is configured. One that ECS governs is left alone.

use futures::future::{try_join, try_join_all};
use serde_json::json;

use super::Sight;
use crate::{
    aws::AwsError,
    engine::{
        Pair,
        act::{Action, Wanted},
    },
    goals::{self, Switching},
    observation::{NamedService, Seen},
    topology::SideName,
};

pub(super) async fn look(pair: &Pair, side: SideName) -> Result<Sight, AwsError> {
    let Some(listener) = &pair.app.side(side).listener else {
        return Ok(Sight::Holds("no listener is configured".to_owned()));
    };
    // Whose listener it is shows at the services: in its own blue/green deployments ECS sets the weights.
    let services = try_join_all(pair.app.services.iter().map(async |service| {
        let state = pair.aws.service(side, &service.name).await?;
        Ok::<_, AwsError>(NamedService { name: service.name.clone(), state: Seen::Known(state) })
    }));
    let (state, services) = try_join(pair.aws.listener(side), services).await?;
    let Some(state) = state else {
        return Ok(Sight::Failed(format!("there is no listener or rule {}", listener.switched())));
    };
    Ok(match goals::listener_switch(listener, &state, &services) {
        Switching::Holds(detail) => Sight::Holds(detail),
        Switching::Waits(detail) => Sight::Waiting(detail),
        Switching::Stuck(error) => Sight::Failed(error),
        Switching::Change(change) => Sight::Unmet {
            detail: "forwards elsewhere".to_owned(),
            actions: vec![Action { side, change: Wanted::Change(change), before: json!({ "actions": state.actions }) }],
        },
    })
}
