//! What happens when, drawn from a seed.

mod back;
mod draw;
mod interferences;
mod there;

use std::time::Duration;

use rehearsal::{Deploys, Fault, Interference, OldPrimary, Pair, Side};

use storage::Record;

use self::draw::Draw;

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Act {
    /// Something goes wrong for so long.
    Fails(Box<Fault>, Duration),
    /// Somebody does it with the AWS command line.
    ByHand(Deed),
    /// A pipeline, a clean-up job or somebody in the console does it, whatever the bot is at.
    Interferes(Interference),
    /// The same, as soon as the bot has come so far.
    Lurks(Moment, Interference),
    /// Somebody stops the tasks that an outage left running beside a stale cluster.
    StopsWhatIsLeft,
    /// Somebody runs Terraform with the variables of a rebuild, whoever waits for it.
    Applies,
    /// The bot dies.
    Dies,
    /// The bot starts, if it does not run.
    Starts,
    /// The clock of the bot's host jumps, so many seconds off the true time.
    HostClock(i64),
    /// Somebody types `/dr …`.
    Types(&'static str, &'static str),
    /// Somebody presses the button, as soon as there is one.
    Presses(&'static str, &'static str),
}

/// A moment of a run: so long after the first record of that kind, of that step where one is named.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Event.
    pub event: &'static str,
    /// Step.
    pub step: Option<&'static str>,
    /// Time from the record.
    pub later: Duration,
}

impl Moment {
    /// Whether the record is of that kind.
    pub fn is(&self, record: &Record) -> bool {
        let step = || record.step.as_deref();
        record.event == self.event && self.step.is_none_or(|wanted| step() == Some(wanted))
    }
}

/// What somebody does by hand. AWS may refuse it.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// Fails over to that side.
    FailsOver(Side),
    /// Switches over to that side.
    SwitchesOver(Side),
    /// Takes the snapshot that the rebuild would take.
    TakesSnapshot,
    /// Sets or lifts the stale cluster's deletion protection.
    Protects(bool),
    /// Deletes the stale cluster's instance with that number.
    DeletesInstance(usize),
    /// Deletes the stale cluster.
    DeletesCluster,
}

/// The acts of one play, by their time from the beginning of its part.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Where it was drawn from.
    pub seed: u64,
    /// The pair that it is about.
    pub pair: Pair,
    /// Whether CodeBuild applies Terraform.
    pub builds: bool,
    /// The acts of the promote, in order.
    pub there: Vec<(Duration, Act)>,
    /// Those of the way back, if it is played.
    pub back: Option<Vec<(Duration, Act)>>,
}

impl Schedule {
    /// The schedule of that seed for a pair.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw::of(seed);
        let fate = if draw.chance(50) { OldPrimary::Detached } else { OldPrimary::Rejoins };
        let pair = Pair { old_primary: fate, ..Pair::named("shop", 1) };
        // A third of the seeds has one record, a third an AAAA beside it, a third two names in two zones, each with its own role.
        let mut pair = match seed % 3 {
            0 => pair,
            1 => pair.dual_stack(),
            _ => pair.dual_stack().second_zone(),
        };
        let builds = draw.chance(30);
        there::draw(&mut draw, &pair);
        let there = draw.take();
        let back = draw.chance(65).then(|| {
            back::draw(&mut draw, &pair);
            draw.take()
        });
        deployed(&mut draw, &mut pair);
        let back = back.map(|back| {
            interferences::draw(&mut draw, back::most(&pair));
            draw.and(back)
        });
        Self { seed, pair, builds, there, back }
    }

    /// Whether somebody beside the bot changes anything.
    pub fn has_strangers(&self) -> bool {
        let strange = |act: &Act| matches!(act, Act::ByHand(_) | Act::Interferes(_) | Act::Lurks(..));
        self.there.iter().chain(self.back.iter().flatten()).any(|(_, act)| strange(act))
    }
}

/// What deploys the first two services, and where they run. Drawn last, so that it moves nothing else of a seed.
fn deployed(draw: &mut Draw, pair: &mut Pair) {
    pair.rule = draw.chance(25);
    for service in pair.services.iter_mut().filter(|service| service.balanced) {
        service.deploys = match draw.number(0..10) {
            0 | 1 => Deploys::BlueGreen,
            2 => Deploys::CodeDeploy,
            3 => Deploys::External(100),
            _ => Deploys::Rolling,
        };
        service.spot = draw.chance(15);
    }
}
