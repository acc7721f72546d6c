//! What a person can throw in from the page while a rehearsal runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use rehearsal::{
    Fault, FaultId, Pair, RecordData, Side, World, ZoneRecord,
    slack::{Fault as SlackFault, FaultKind, SceneAction, Slack},
};

use super::pipeline::Pipeline;

/// Id of the action that ends all faults.
const HEAL: &str = "heal";
/// Id of the action that applies Terraform as the hand-off of a failback says.
const TERRAFORM: &str = "terraform";

/// Something that goes wrong, until it is thrown out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Nothing in the primary region answers.
    Dark,
    /// Slack takes no messages.
    SlackDown,
    /// No failover of the global cluster gets anywhere.
    PromotionStuck,
    /// RDS refuses every switchover, and takes a failover.
    SwitchoverRefused,
    /// ECS cannot place tasks in DR.
    NoCapacity,
    /// A deployment of DR's services is under way and does not end.
    DeploymentStuck,
    /// Route 53's control plane does not answer.
    Route53Dark,
    /// Somebody adds an AAAA record beside the A, which stays when the trouble ends.
    SecondRecord,
}

impl Trouble {
    const ALL: [Self; 8] = [
        Self::Dark,
        Self::SlackDown,
        Self::PromotionStuck,
        Self::SwitchoverRefused,
        Self::NoCapacity,
        Self::DeploymentStuck,
        Self::Route53Dark,
        Self::SecondRecord,
    ];

    fn id(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::SlackDown => "slack-down",
            Self::PromotionStuck => "promotion-stuck",
            Self::SwitchoverRefused => "switchover-refused",
            Self::NoCapacity => "no-capacity",
            Self::DeploymentStuck => "deployment-stuck",
            Self::Route53Dark => "route53-dark",
            Self::SecondRecord => "second-record",
        }
    }

    fn label(self, pair: &Pair) -> String {
        match self {
            Self::Dark => format!("{} dark", pair.primary.region),
            Self::SlackDown => "Slack down".to_owned(),
            Self::PromotionStuck => "Promotion stuck".to_owned(),
            Self::SwitchoverRefused => "Switchover refused".to_owned(),
            Self::NoCapacity => format!("No capacity in {}", pair.dr.region),
            Self::DeploymentStuck => format!("Deployment stuck in {}", pair.dr.region),
            Self::Route53Dark => "Route 53 dark".to_owned(),
            Self::SecondRecord => "A second record (AAAA)".to_owned(),
        }
    }

    /// What it does to the simulated AWS; `None` if it befalls Slack.
    fn fault(self, pair: &Pair) -> Option<Fault> {
        match self {
            Self::Dark => Some(Fault::RegionDark(pair.primary.region.clone())),
            Self::SlackDown => None,
            Self::PromotionStuck => Some(Fault::PromotionFails { global_cluster: pair.global_cluster.clone() }),
            Self::SwitchoverRefused => Some(Fault::blue_green_source(&pair.global_cluster)),
            Self::NoCapacity => Some(Fault::NoCapacity {
                region: pair.dr.region.clone(),
                reason: "Capacity is unavailable at this time.".to_owned(),
            }),
            Self::DeploymentStuck => Some(Fault::DeploymentStuck { region: pair.dr.region.clone() }),
            Self::Route53Dark => Some(Fault::route53_dark()),
            Self::SecondRecord => Some(Fault::RecordAppears {
                pair: pair.name.clone(),
                record: ZoneRecord {
                    zone: pair.zone.id.clone(),
                    name: pair.record.clone(),
                    kind: "AAAA".to_owned(),
                    data: RecordData::Alias { side: Side::Primary, evaluate_health: true },
                    routing: BTreeMap::new(),
                },
            }),
        }
    }
}

/// Throws troubles in and out. Clones are the same.
#[derive(Clone)]
pub(super) struct Stagehand {
    world: World,
    slack: Slack,
    pair: Pair,
    /// The pipeline that works on the pair, where one does.
    pipeline: Option<Pipeline>,
    /// What is in force, with its name in the world.
    thrown: Arc<Mutex<BTreeMap<Trouble, Option<FaultId>>>>,
}

impl Stagehand {
    pub(super) fn new(world: World, slack: Slack, pair: Pair, pipeline: Option<Pipeline>) -> Self {
        Self { world, slack, pair, pipeline, thrown: Arc::default() }
    }

    /// What can be done, and what of it is in force.
    pub(super) fn actions(&self) -> Vec<SceneAction> {
        let action = |id: &str, label: String, danger, active| SceneAction { id: id.to_owned(), label, danger, active };
        let troubles = Trouble::ALL.into_iter();
        let pipeline = self.pipeline.iter().flat_map(Pipeline::actions);
        troubles
            .map(|trouble| action(trouble.id(), trouble.label(&self.pair), true, self.is_on(trouble)))
            .chain([
                action(HEAL, "Heal all".to_owned(), false, false),
                action(TERRAFORM, "Apply Terraform".to_owned(), false, false),
            ])
            .chain(pipeline)
            .collect()
    }

    /// Whether a trouble is in force.
    pub(super) fn is_on(&self, trouble: Trouble) -> bool {
        self.thrown.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&trouble)
    }

    /// What the pipeline did last, where there is one and it did anything.
    pub(super) fn pipeline_did(&self) -> Option<String> {
        self.pipeline.as_ref()?.last()
    }

    /// Carries out an action; a trouble that is in force ends. Whether there is such an action.
    pub(super) fn act(&self, action: &str) -> bool {
        match action {
            HEAL => self.heal(),
            TERRAFORM => self.apply_terraform(),
            _ => match Trouble::ALL.into_iter().find(|trouble| trouble.id() == action) {
                Some(trouble) => self.toggle(trouble),
                None => return self.pipeline.as_ref().is_some_and(|pipeline| pipeline.act(action)),
            },
        }
        true
    }

    /// Throws a trouble in, or out if it is in force.
    pub(super) fn toggle(&self, trouble: Trouble) {
        let mut thrown = self.thrown.lock().unwrap_or_else(PoisonError::into_inner);
        match thrown.remove(&trouble) {
            Some(Some(fault)) => self.world.clear(fault),
            Some(None) => self.slack.clear_faults(),
            None => {
                let fault = trouble.fault(&self.pair).map(|fault| self.world.inject(fault));
                if fault.is_none() {
                    self.slack.fault(SlackFault { method: None, kind: FaultKind::ServerError, times: None });
                }
                thrown.insert(trouble, fault);
            }
        }
    }

    fn heal(&self) {
        self.thrown.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.world.clear_all();
        self.slack.clear_faults();
    }

    fn apply_terraform(&self) {
        let variables = [("is_aurora_secondary", "true"), ("aurora_source_region", self.pair.dr.region.as_str())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        if let Err(refused) = self.world.apply_terraform(&self.pair.name, &variables) {
            tracing::warn!(%refused, "Terraform was not applied");
        }
    }
}
