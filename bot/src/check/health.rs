//! Whether the region that serves answers the health URL as a run's `verify` step will demand it.

use commands::{
    aws::{Answer, Aws, ProbeError},
    observation::Observation,
    phase::serving,
    topology::Application,
};

use super::{Row, Verdict};

/// Asks the endpoint that serves today, under the public name; nothing where it isn't known which does.
pub(super) async fn health(name: &str, app: &Application, aws: &Aws, observation: &Observation) -> Option<Row> {
    let region = app.side(serving(app, observation)?);
    let answer = aws.answer(Some(&region.endpoint.dns_name)).await;
    Some(judge(&format!("{name} health URL"), app.verify.url.as_str(), &region.region, answer))
}

fn judge(what: &str, url: &str, region: &str, answer: Result<Answer, ProbeError>) -> Row {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let fix = "let the bot's host reach the URL as users do; the verify step needs a 2xx answer";
            return Row::new(Verdict::Fail, what, format!("{region}, which serves: {error}"), Some(fix));
        }
    };
    let Answer { status, location } = answer;
    let said = format!("{url} answers {status} in {region}, which serves. The verify step demands 2xx");
    let (verdict, fix) = match status {
        200..=299 => {
            return Row::new(Verdict::Pass, what, format!("{url} answers {status} in {region}, which serves"), None);
        }
        300..=399 => (Verdict::Fail, "set verify.url to an address that answers 2xx without a redirect"),
        401 | 403 => (Verdict::Fail, "set verify.url to an address that needs no login"),
        404 => (Verdict::Fail, "correct the path in verify.url"),
        429 => (Verdict::Warn, "exempt the health URL from the rate limit"),
        400..=499 => (Verdict::Fail, "set verify.url to an address that answers a plain GET with 2xx"),
        _ => (Verdict::Fail, "make the application healthy, or set verify.url to an address that shows its health"),
    };
    let to = location.map(|location| format!(", and redirects to {location}")).unwrap_or_default();
    let said = said.replacen(". The", &format!("{to}. The"), 1);
    Row::new(verdict, what, said, Some(fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, location: Option<&str>) -> Row {
        let answer = Answer { status, location: location.map(str::to_owned) };
        judge("shop health URL", "https://app.shop.example/healthz", "us-east-1", Ok(answer))
    }

    #[test]
    fn the_serving_answer_is_held_against_what_verify_demands() {
        assert_eq!(of(204, None).verdict, Verdict::Pass);
        assert_eq!(of(429, None).verdict, Verdict::Warn);
        for status in [301, 401, 403, 404, 410, 503] {
            let row = of(status, None);
            assert_eq!(row.verdict, Verdict::Fail, "{status}");
            assert!(row.detail.contains(&status.to_string()) && row.fix.is_some(), "{row:?}");
        }
        let redirected = of(302, Some("https://login.shop.example/"));
        assert!(redirected.detail.contains("redirects to https://login.shop.example/"), "{}", redirected.detail);
    }
}
