//! The public URL answers well from the target region: so many good answers in a row, and few bad ones since the first good one. Until resolvers have
//! the new record, the connection goes to the target's endpoint under the public name.

use super::{Memory, Sight, capacity, writer};
use crate::{
    aws::AwsError,
    engine::Pair,
    records::{Pointing, pointing},
    run::Run,
};

pub(super) async fn look(pair: &Pair, run: &Run, memory: &mut Memory) -> Result<Sight, AwsError> {
    let side = run.plan.target;
    let verify = &pair.app.verify;
    let agrees = pair.aws.resolves_to(side).await.unwrap_or(false);
    let via = (!agrees).then_some(pair.app.side(side).endpoint.dns_name.as_str());
    let answer = pair.aws.probe(via).await;
    let good = matches!(answer, Ok(200..=299));
    memory.note(good);
    let path = match agrees {
        true => "through the record",
        false => "at the new target, resolvers still have the old one",
    };
    let rate = memory.error_rate();
    if memory.good >= verify.consecutive && rate <= verify.max_error_rate {
        return Ok(match astray(pair, run).await {
            Some(why) => Sight::Failed(why),
            None => Sight::Holds(format!("{} good answers in a row {path}, {:.0} % bad", memory.good, rate * 100.0)),
        });
    }
    if !good {
        // No answer gets better where the application can't write, or where its tasks were taken away.
        if let Some(why) = writer::left(pair, side).await {
            return Ok(Sight::Failed(why));
        }
        if let Ok(Some(short @ Sight::Unmet { .. })) = capacity::again(pair, run, memory).await {
            return Ok(short);
        }
    }
    Ok(Sight::Waiting(match answer {
        Ok(status) if good => format!("HTTP {status} {path}"),
        Ok(status) => format!("HTTP {status} {path}; it must be 2xx"),
        Err(error) => format!("no answer {path}: {error}"),
    }))
}

/// Why good answers of the target prove nothing: users are sent elsewhere. Where Route 53 doesn't tell, as when its control plane is dark, the answers
/// have to do.
async fn astray(pair: &Pair, run: &Run) -> Option<String> {
    let records = pair.aws.records().await.ok()?;
    let (side, target) = (run.plan.target, pair.app.side(run.plan.target));
    let why = match pointing(&pair.app, &records) {
        Pointing::At(there) if there == side => return None,
        Pointing::At(other) => format!("{} still points at {}", pair.app.record_names(), pair.app.side(other).region),
        Pointing::Split(why) | Pointing::Elsewhere(why) => why,
        Pointing::Unseen(_) => return None,
    };
    Some(format!(
        "{} answers well, but users aren't sent there: {why}. Point it at {}, then retry",
        target.region, target.endpoint.dns_name
    ))
}

impl Memory {
    fn note(&mut self, good: bool) {
        match good {
            true => self.good += 1,
            false => self.good = 0,
        }
        if good || self.answers > 0 {
            self.answers += 1;
            self.bad += u32::from(!good);
        }
    }

    fn error_rate(&self) -> f64 {
        f64::from(self.bad) / f64::from(self.answers.max(1))
    }
}
