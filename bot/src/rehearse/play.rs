//! What can be played on the page.

use rehearsal::{OldPrimary, slack::SceneScenario};

use super::{
    people::People,
    room::Room,
    script,
    stagehand::{Stagehand, Trouble},
};
use crate::failure::Failure;

/// A beginning; everything after it is up to the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Play {
    /// Everything is well.
    PlannedMove,
    /// The primary is dark.
    Promote,
    /// DR serves, and Aurora has taken the old primary in again.
    FailbackRejoined,
    /// DR serves, and the old primary stands alone with stale data.
    FailbackDetached,
    /// The same, while a pipeline works on the application with values from before.
    PipelineInterferes,
}

impl Play {
    const ALL: [Self; 5] =
        [Self::PlannedMove, Self::Promote, Self::FailbackRejoined, Self::FailbackDetached, Self::PipelineInterferes];

    fn id(self) -> &'static str {
        match self {
            Self::PlannedMove => "planned-move",
            Self::Promote => "promote",
            Self::FailbackRejoined => "failback-rejoined",
            Self::FailbackDetached => "failback-detached",
            Self::PipelineInterferes => "pipeline-interferes",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::PlannedMove => "Planned move: all is well",
            Self::Promote => "Promote: the primary is dark",
            Self::FailbackRejoined => "Failback: it has rejoined",
            Self::FailbackDetached => "Failback: it is detached",
            Self::PipelineInterferes => "Failback: the pipeline interferes",
        }
    }

    /// The play of that id.
    pub(super) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|play| play.id() == id)
    }

    /// What becomes of the old primary; `given` is what was asked for on the command line.
    pub(super) fn old_primary(self, given: OldPrimary) -> OldPrimary {
        match self {
            Self::PlannedMove | Self::Promote => given,
            Self::FailbackRejoined => OldPrimary::Rejoins,
            Self::FailbackDetached | Self::PipelineInterferes => OldPrimary::Detached,
        }
    }

    /// Whether a pipeline works on the application beside the bot.
    pub(super) fn has_pipeline(self) -> bool {
        self == Self::PipelineInterferes
    }

    /// Brings the room to where this play begins.
    pub(super) async fn begin(self, room: &Room, stagehand: &Stagehand) -> Result<(), Failure> {
        match self {
            Self::PlannedMove => {}
            Self::Promote => stagehand.toggle(Trouble::Dark),
            Self::FailbackRejoined | Self::FailbackDetached | Self::PipelineInterferes => {
                let people = People::of(&room.slack)?;
                let dark = script::promote(room, &people).await?;
                script::come_back(room, dark).await;
            }
        }
        Ok(())
    }

    /// All plays, this one chosen.
    pub(super) fn scenarios(self) -> Vec<SceneScenario> {
        let scenario = |play: Self| SceneScenario {
            id: play.id().to_owned(),
            label: play.label().to_owned(),
            chosen: play == self,
        };
        Self::ALL.into_iter().map(scenario).collect()
    }
}
