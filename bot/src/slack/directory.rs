//! Who is who in Slack, remembered for a short while. Nobody waits long for it: what is not known in time is told as unknown, and whoever decides
//! by it fails closed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use commands::access::{Directory, Freshness, Standing, Unavailable};
use futures::future::BoxFuture;
use tokio::{
    sync::Mutex as AsyncMutex,
    time::{Instant, timeout},
};

use super::api::{Api, ApiError, User};

/// How long an answer counts as recent.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long a failure counts as recent: Slack is not asked again for each application in turn.
const FAILED: Duration = Duration::from_secs(5);
/// How long one attempt may take; a person waits for the acknowledgement, for which Slack gives 3 s.
const PATIENCE: Duration = Duration::from_millis(600);
/// Attempts: a second one for what passes in a moment.
const ATTEMPTS: usize = 2;
/// Most answers remembered of a kind.
const ROOM: usize = 10_000;

/// Slack's list of people and groups.
pub struct People {
    api: Api,
    members: Memory<BTreeSet<String>>,
    users: Memory<User>,
}

impl People {
    /// What `api` tells.
    pub fn new(api: Api) -> Self {
        Self { api, members: Memory::default(), users: Memory::default() }
    }
}

impl Directory for People {
    fn members<'a>(
        &'a self,
        team: &'a str,
        group: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<BTreeSet<String>, Unavailable>> {
        Box::pin(self.members.get(group, freshness, || self.api.members(team, group)))
    }

    fn standing<'a>(
        &'a self,
        team: &'a str,
        named: &'a str,
        user: &'a str,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Standing, Unavailable>> {
        Box::pin(async move {
            // A person may have joined another team since, so each team that a request names is asked about anew.
            let asked = format!("{named}/{user}");
            let known = self.users.get(&asked, freshness, || self.api.user(user)).await?;
            Ok(standing(&known, team, named))
        })
    }
}

/// What the account is in that team, for a request that names a team: <https://docs.slack.dev/reference/objects/user-object>.
fn standing(user: &User, team: &str, named: &str) -> Standing {
    match user {
        User { deleted: true, .. } => Standing::Deactivated,
        User { is_bot: true, .. } => Standing::Bot,
        User { is_stranger: true, .. } => Standing::Outsider,
        user if !user.is_of(team) || !user.is_of(named) => Standing::Outsider,
        User { is_restricted: true, .. } | User { is_ultra_restricted: true, .. } => Standing::Guest,
        _ => Standing::Full,
    }
}

/// Where nobody can be asked: a terminal without Slack's token.
pub struct Nobody;

impl Nobody {
    fn why<T: Send + 'static>() -> BoxFuture<'static, Result<T, Unavailable>> {
        Box::pin(std::future::ready(Err(Unavailable("there is no token for Slack here".to_owned()))))
    }
}

impl Directory for Nobody {
    fn members<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<BTreeSet<String>, Unavailable>> {
        Self::why()
    }

    fn standing<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a str,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Standing, Unavailable>> {
        Self::why()
    }
}

/// What was told last; locked while somebody asks, so that those who come meanwhile share what is told.
type Answer<T> = Arc<AsyncMutex<Option<Told<T>>>>;

struct Told<T> {
    what: Result<T, Unavailable>,
    at: Instant,
    /// Which asking it answers. Not told by times, of which two may be equal.
    number: u64,
}

/// Answers by what was asked.
struct Memory<T> {
    answers: Mutex<BTreeMap<String, Answer<T>>>,
    /// How often somebody began to ask.
    asked: AtomicU64,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { answers: Mutex::default(), asked: AtomicU64::new(0) }
    }
}

impl<T: Clone> Memory<T> {
    async fn get<F: Future<Output = Result<T, ApiError>>>(
        &self,
        key: &str,
        freshness: Freshness,
        ask: impl Fn() -> F,
    ) -> Result<T, Unavailable> {
        let before = self.asked.load(Ordering::SeqCst);
        let answer = self.answer(key);
        let mut answer = answer.lock().await;
        if let Some(told) = &*answer {
            let counts = if told.what.is_ok() { REMEMBERED } else { FAILED };
            if told.number > before || (freshness == Freshness::Recent && told.at.elapsed() < counts) {
                return told.what.clone();
            }
        }
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let what = insist(ask).await;
        *answer = Some(Told { what: what.clone(), at: Instant::now(), number });
        what
    }

    fn answer(&self, key: &str) -> Answer<T> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ROOM {
            answers.clear();
        }
        answers.entry(key.to_owned()).or_default().clone()
    }
}

async fn insist<T, F: Future<Output = Result<T, ApiError>>>(ask: impl Fn() -> F) -> Result<T, Unavailable> {
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        why = match timeout(PATIENCE, ask()).await {
            Ok(Ok(told)) => return Ok(told),
            Ok(Err(error @ (ApiError::Refused(_) | ApiError::RateLimited(_)))) => {
                return Err(Unavailable(error.to_string()));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "Slack did not answer in time".to_owned(),
        };
    }
    Err(Unavailable(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::api::EnterpriseUser;

    #[test]
    fn only_a_full_member_of_the_team_is_one() {
        let member = User { team_id: Some("T1".to_owned()), ..User::default() };
        let cases = [
            (member.clone(), Standing::Full),
            (User { team_id: None, ..member.clone() }, Standing::Full),
            (User { team_id: Some("T2".to_owned()), ..member.clone() }, Standing::Outsider),
            (User { is_stranger: true, ..member.clone() }, Standing::Outsider),
            (User { is_restricted: true, ..member.clone() }, Standing::Guest),
            (User { is_restricted: true, is_ultra_restricted: true, ..member.clone() }, Standing::Guest),
            (User { is_bot: true, ..member.clone() }, Standing::Bot),
            (User { deleted: true, is_restricted: true, ..member }, Standing::Deactivated),
        ];
        for (user, expected) in cases {
            assert_eq!(standing(&user, "T1", "T1"), expected, "{user:?}");
        }
    }

    #[test]
    fn member_of_an_organization_has_several_teams() {
        let teams = vec!["T1".to_owned(), "T2".to_owned()];
        let grid = EnterpriseUser { enterprise_id: Some("E1".to_owned()), teams };
        let user = User { team_id: Some("T2".to_owned()), enterprise_user: Some(grid), ..User::default() };
        for (team, named, expected) in [
            ("T1", "T1", Standing::Full),
            ("T1", "T2", Standing::Full),
            ("T1", "E1", Standing::Full),
            ("T1", "T3", Standing::Outsider),
            ("T3", "T2", Standing::Outsider),
        ] {
            assert_eq!(standing(&user, team, named), expected, "{team} {named}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_remembered_for_a_minute_and_asked_for_anew_for_a_decision() {
        let memory = Memory::default();
        let asked = std::cell::Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            std::future::ready(Ok(asked.get()))
        };
        let mut answers = Vec::new();
        for (wait, freshness) in [(0, Freshness::Recent), (59, Freshness::Recent), (0, Freshness::Now)] {
            tokio::time::advance(Duration::from_secs(wait)).await;
            answers.push(memory.get("S1", freshness, ask).await);
        }
        tokio::time::advance(REMEMBERED).await;
        answers.push(memory.get("S1", Freshness::Recent, ask).await);
        assert_eq!(answers, [Ok(1), Ok(1), Ok(2), Ok(3)]);
    }

    #[tokio::test(start_paused = true)]
    async fn slack_that_hangs_is_not_waited_for() {
        let memory = Memory::<u32>::default();
        let began = Instant::now();
        for _ in 0..10 {
            let answer = memory.get("S1", Freshness::Recent, std::future::pending).await;
            assert_eq!(answer, Err(Unavailable("Slack did not answer in time".to_owned())));
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_at_once_share_an_answer() {
        let memory = Memory::default();
        let asked = std::cell::Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            }
        };
        let crowd = (0..50).map(|_| memory.get("S1", Freshness::Now, ask));
        assert!(futures::future::join_all(crowd).await.iter().all(Result::is_ok));
        assert!(asked.get() <= 2, "{}", asked.get());
    }
}
