//! Terraform has built the former primary anew, as a secondary. People are told once what to run; what comes of it is observed.

use super::Sight;
use crate::{
    aws::AwsError,
    engine::Pair,
    former::{self, Former},
};

pub(super) async fn look(pair: &Pair) -> Result<Sight, AwsError> {
    let primary = &pair.app.primary;
    Ok(match former::look(&pair.aws, &pair.app).await? {
        Former::Member => {
            Sight::Holds(format!("{} in {} is a member of the global cluster", primary.db_cluster, primary.region))
        }
        Former::Absent | Former::Detached(_) => Sight::HandOff {
            detail: format!("waiting for {} in {} to appear in the global cluster", primary.db_cluster, primary.region),
            text: pair.app.failback.handoff(&pair.app),
        },
    })
}
