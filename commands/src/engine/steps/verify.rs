//! The public URL answers well from the target region: so many good answers in a row, and few bad ones since the first good one. Until resolvers have
//! the new record, the connection goes to the target's endpoint under the public name.

use super::{Memory, Sight, writer};
use crate::{engine::Pair, topology::SideName};

pub(super) async fn look(pair: &Pair, side: SideName, memory: &mut Memory) -> Sight {
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
        return Sight::Holds(format!("{} good answers in a row {path}, {:.0} % bad", memory.good, rate * 100.0));
    }
    // No answer gets better where the application cannot write.
    if !good && let Some(why) = writer::left(pair, side).await {
        return Sight::Failed(why);
    }
    Sight::Waiting(match answer {
        Ok(status) if good => format!("HTTP {status} {path}"),
        Ok(status) => format!("HTTP {status} {path}; it must be 2xx"),
        Err(error) => format!("no answer {path}: {error}"),
    })
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
