//! The incident page in a real browser: it moves as the run does, says the same without scripts and on paper, and asks nobody else for anything.

use std::{net::SocketAddr, time::Duration};

use rehearsal::{Fault, Region, slack::Message};
use tests::{Cast, Stage};

use crate::browser::Browser;

/// As long as the page gathers events for.
const GATHERED: Duration = Duration::from_secs(6);
const DONE: &str = "document.querySelectorAll('rect.bar.done').length - 1";

/// A stage with its page on a port of its own.
async fn serve() -> (Stage, SocketAddr) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let web = format!("[web]\npublic_url = \"http://{at}/\"\nlink_secret_env = \"STAGE_LINK_SECRET\"");
    let stage = Stage::with().configure(&web).open().await;
    tokio::spawn(axum::serve(listener, stage.router()).into_future());
    (stage, at)
}

/// The page's address as a message of the channel has it.
async fn link(stage: &Stage, text: &str, at: SocketAddr) -> String {
    let in_message = |message: &Message| {
        let blocks = serde_json::to_string(&message.blocks).unwrap();
        let (_, rest) = blocks.split_once(&format!("<http://{at}/"))?;
        Some(format!("http://{at}/{}", rest.split_once('|')?.0))
    };
    let found = stage.message(|message| message.text.contains(text) && in_message(message).is_some()).await;
    in_message(&found).unwrap()
}

/// Uses the browser while the stage's time stands still.
async fn with<T: Send + 'static>(
    browser: Browser,
    look: impl FnOnce(&mut Browser) -> T + Send + 'static,
) -> (Browser, T) {
    let looked = tokio::task::spawn_blocking(move || {
        let mut browser = browser;
        let seen = look(&mut browser);
        (browser, seen)
    });
    looked.await.unwrap()
}

/// A picture as a desktop and as a phone shows it, by day and by night.
fn pictures(browser: &mut Browser, name: &str) {
    for (width, height, screen) in [(1280, 900, "desktop"), (390, 844, "phone")] {
        for scheme in ["light", "dark"] {
            browser.screen(width, height, scheme, "Europe/Berlin");
            browser.picture(&format!("incident-{name}-{screen}-{scheme}"));
            let wide = browser.evaluate("document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{name} is {wide} wide on a screen of {width}");
        }
    }
    browser.screen(1280, 900, "light", "Europe/Berlin");
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Chromium, and Python with selenium: see tests/third-party/README.md"]
async fn page_moves_as_the_run_does() {
    let (stage, at) = serve().await;
    stage.world.inject(Fault::RegionDark(Region::from("us-east-1")));
    stage.says(Cast::MAYA, "promote <img src=x onerror=alert(1)> the primary & its <b>database</b> are dark").await;
    let url = link(&stage, "Promote shop", at).await;
    let address = url.clone();
    let browser = tokio::task::spawn_blocking(Browser::start).await.unwrap();
    let (browser, ()) = with(browser, move |browser| {
        browser.screen(1280, 900, "light", "Europe/Berlin");
        browser.open(&address);
        browser.wait("document.getElementById('live').textContent.startsWith('Live')");
        browser.wait("document.querySelector('.standing').textContent.includes('waits for a confirmation')");
        let reason = browser.evaluate("document.querySelector('#state q').textContent");
        assert_eq!(reason, "<img src=x onerror=alert(1)> the primary & its <b>database</b> are dark");
        assert_eq!(browser.evaluate("document.querySelectorAll('img, b').length"), 0);
        let own = browser.evaluate("document.querySelector('time .local').textContent");
        assert!(own.as_str().unwrap().starts_with(" ("), "the reader's own time: {own}");
        pictures(browser, "waits");
    })
    .await;

    stage.presses(Cast::JONAS, "approve-failover").await;
    let (mut browser, mut moved) = (browser, Vec::new());
    for step in ["capacity", "dns", "verify"] {
        stage.record(|record| record.event == "step.started" && record.step.as_deref() == Some(step)).await;
        tokio::time::sleep(GATHERED).await;
        let (returned, bars) = with(browser, move |browser| {
            browser.wait(&format!("document.querySelector('#log').textContent.includes('{step}: began')"));
            if step == "dns" {
                pictures(browser, "runs");
            }
            browser.evaluate(DONE).as_u64().unwrap()
        })
        .await;
        browser = returned;
        moved.push(bars);
    }
    assert!(moved.windows(2).all(|pair| pair[0] < pair[1]), "bars that are done: {moved:?}");

    stage.ended().await;
    tokio::time::sleep(GATHERED).await;
    let (_browser, ()) = with(browser, move |browser| {
        browser.wait("document.getElementById('live').textContent.startsWith('The run ended')");
        browser.wait("document.querySelector('.standing').textContent.includes('done')");
        pictures(browser, "ended");
        browser.printed("incident-ended");
        let (asked, said) = browser.watched();
        assert_eq!(said, Vec::<String>::new(), "the console");
        let own = [url.clone(), url.replacen('?', "/events?", 1)];
        let others: Vec<&String> =
            asked.iter().filter(|asked| !own.contains(asked) && !asked.starts_with("data:")).collect();
        assert!(asked.contains(&own[1]) && others.is_empty(), "the page asked for {others:?}");

        // The same facts without scripts.
        browser.scripts(false);
        browser.open(&url);
        let said = browser.evaluate("document.body.innerText");
        for fact in ["shop is served by us-west-2.", "RTO from the confirmation", "approved: failover", "us-east-1"] {
            assert!(said.as_str().unwrap().contains(fact), "{fact} is not in {said}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Chromium, and Python with selenium: see tests/third-party/README.md"]
async fn tampered_and_expired_links_open_nothing() {
    let (stage, at) = serve().await;
    stage.says(Cast::MAYA, "promote").await;
    let url = link(&stage, "Promote shop", at).await;
    let browser = tokio::task::spawn_blocking(Browser::start).await.unwrap();
    let tampered = format!("{}0", &url[..url.len() - 1].trim_end_matches('0'));
    let (browser, ()) = with(browser, move |browser| {
        browser.open(&tampered);
        shut(browser, "not one that the bot gave");
    })
    .await;
    stage.set_host_clock(jiff::SignedDuration::from_hours(96));
    with(browser, move |browser| {
        browser.open(&url);
        shut(browser, "This link has expired.");
        pictures(browser, "expired");
    })
    .await;
}

#[tokio::test(start_paused = true)]
#[ignore = "needs Chromium, and Python with selenium: see tests/third-party/README.md"]
async fn lag_is_plotted_while_people_think() {
    let (stage, at) = serve().await;
    stage.says(Cast::MAYA, "promote a planned move").await;
    let url = link(&stage, "Promote shop", at).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let browser = tokio::task::spawn_blocking(Browser::start).await.unwrap();
    with(browser, move |browser| {
        browser.open(&url);
        let points = browser.wait("document.querySelectorAll('circle.lag-point').length");
        assert!(points.as_u64().unwrap() >= 8, "{points}");
        pictures(browser, "lag");
    })
    .await;
}

/// The page says why, and nothing of any run.
fn shut(browser: &mut Browser, why: &str) {
    let status = browser.evaluate("performance.getEntriesByType('navigation')[0].responseStatus");
    assert_eq!(status, 403);
    let said = browser.evaluate("document.body.innerText");
    let said = said.as_str().unwrap();
    assert!(said.contains(why) && said.contains("/dr report RUN") && !said.contains("us-west-2"), "{said}");
    let (_, console) = browser.watched();
    let unexpected: Vec<&String> = console.iter().filter(|said| !said.contains("status of 403")).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}
