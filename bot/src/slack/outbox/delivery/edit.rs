//! Editing a message. One that Slack puts off holds up nothing else: its caller tries it again later.

use super::{super::pace::Act, Delivered, Delivery, Ended, Place, Post, attempt::Attempt};
use crate::slack::api::{ApiError, Blame};

impl Delivery {
    /// Edits a message.
    pub(in crate::slack::outbox) async fn update(
        &mut self,
        post: &Post<'_>,
        place: &Place,
    ) -> Result<Delivered, Ended> {
        let mut attempt = Attempt::of(post, &self.dialect);
        loop {
            if self.pace.is_put_off(&Act::Edit) {
                return Ok(Delivered::PutOff);
            }
            self.turn(Act::Edit).await?;
            let refusal = match self.api.update(&place.channel, &place.ts, &attempt.message()).await {
                Ok(()) => {
                    attempt.taken(&self.dialect);
                    self.pace.took(&Act::Edit);
                    self.well(&place.channel).await;
                    let place = place.clone();
                    return Ok(if attempt.lost_buttons() {
                        Delivered::WithoutButtons(place)
                    } else {
                        Delivered::At(place)
                    });
                }
                Err(error @ ApiError::RateLimited(asked)) => {
                    self.pace.hold(Act::Edit, asked);
                    self.told_to_wait(&Act::Edit, error).await;
                    return Ok(Delivered::PutOff);
                }
                // An edit that was made is made again without harm.
                Err(ApiError::Failed(error)) => return Ok(self.put_off(post, &error).await),
                Err(ApiError::Refused(refusal)) => refusal,
            };
            match refusal.blame() {
                Blame::Content if attempt.simplify(post, &refusal) => {}
                Blame::Channel if place.channel != self.home => return Ok(Delivered::Closed),
                // Where new messages go elsewhere, nobody waits for this one.
                Blame::Channel if self.fallback.is_some() => {
                    self.closed(&refusal).await;
                    return Ok(Delivered::Closed);
                }
                Blame::Channel | Blame::Token => {
                    self.closed(&refusal).await;
                    self.pause(&mut attempt.patience).await?;
                }
                Blame::Message => return Ok(Delivered::Gone),
                Blame::Moment | Blame::Unknown => return Ok(self.put_off(post, &refusal.to_string()).await),
                Blame::Content | Blame::Call => {
                    self.give_up(post, &place.channel, &refusal).await;
                    return Ok(Delivered::Refused);
                }
            }
        }
    }
}
