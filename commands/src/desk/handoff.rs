//! "Applied": a person says that they ran what a rebuild handed over. The word starts a look and moves nothing: the run goes by what it sees itself.

use std::sync::Arc;

use storage::Record;

use super::{
    Desk, Pair,
    commands::failed,
    task::{Refused, Understood},
};
use crate::{
    elsewhere,
    engine::EngineError,
    journal::{Event, Refusal},
    request::{Press, Request},
};

impl Desk {
    /// `/dr applied`: what the button of the hand-off does, typed.
    pub(super) async fn understand_applied(
        &self,
        request: &Request,
        application: &str,
    ) -> Result<Result<Understood, Refused>, EngineError> {
        match self.0.runs.of(application) {
            Some(run) => self.understand_press(request, &Press::Applied { run }).await,
            None => {
                Ok(Err(Refused::new(Some(application.to_owned()), Refusal::NoSuchThing, nothing_handed(application))))
            }
        }
    }

    /// Looks at once, and tells what is still missing.
    pub(super) async fn applied(self, request: Request, pair: Pair, command: Arc<Record>) -> Result<(), EngineError> {
        let answer = match elsewhere::look(&pair.aws, &pair.app, &pair.name).await {
            Ok((_, lacks)) => Event::HandoffLooked { command: command.seq, lacks },
            Err(error) => failed(&command, error.to_string()),
        };
        self.answer(&request, &pair, answer).await
    }
}

pub(super) fn nothing_handed(application: &str) -> String {
    format!("No run of {application} waits for people to apply Terraform. `/dr status` shows where it stands.")
}
