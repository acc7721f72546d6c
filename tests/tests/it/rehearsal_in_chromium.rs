//! The rehearsal's page in a real browser: two people play a promote there, to the report.

use std::{net::SocketAddr, path::Path};

use tests::Cast;

use crate::{
    browser::Browser,
    process::{Process, free_addresses, standby},
};

/// Simulated seconds in a real one: a promote in a few seconds, and time to see it move.
const SPEED: &str = "15";
/// The same for a rebuild, which takes an hour.
const FAST: &str = "300";

/// A picture as a desktop and as a phone shows it, by day and by night.
fn pictures(browser: &mut Browser, name: &str) {
    for (width, height, screen) in [(1280, 900, "desktop"), (390, 844, "phone")] {
        for scheme in ["light", "dark"] {
            browser.screen(width, height, scheme, "Europe/Berlin");
            browser.picture(&format!("rehearsal-{name}-{screen}-{scheme}"));
            let wide = browser.evaluate("document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{name} is {wide} wide on a screen of {width}");
        }
    }
    browser.screen(1280, 900, "light", "Europe/Berlin");
}

/// Waits until a list of messages says something.
fn hears(browser: &mut Browser, list: &str, text: &str) {
    browser.wait(&format!("document.querySelector('{list}').innerText.includes('{text}')"));
}

/// Goes on as another person.
fn becomes(browser: &mut Browser, person: &str) {
    browser.click(&format!("#people button[data-id='{person}']"));
    browser.wait(&format!("document.querySelector('#people button[data-id={person}]').ariaPressed === 'true'"));
}

/// The program with its page, and a browser that shows it.
fn opened(folder: &Path, speed: &str) -> (Process, Browser, SocketAddr) {
    let [at] = free_addresses();
    let mut command = standby(&["rehearse", "--listen", &at.to_string(), "--speed", speed]);
    command.env("TMPDIR", folder);
    let mut rehearsal = Process::start(command, folder.join("rehearse.log"));
    rehearsal.listens(at);
    let mut browser = Browser::start();
    browser.screen(1280, 900, "light", "Europe/Berlin");
    browser.open(&format!("http://{at}/"));
    (rehearsal, browser, at)
}

/// Begins a scenario.
fn begins(browser: &mut Browser, scenario: &str) {
    browser.wait("document.querySelector('.scenarios select') !== null");
    browser.evaluate(&format!("document.querySelector('.scenarios select').value = '{scenario}'"));
    browser.click(".scenarios button");
}

/// Presses a button of a message, and goes on where Slack's own dialog asks, or types the words that a modal asks for.
fn confirms(browser: &mut Browser, action: &str) {
    let button = format!("#messages [data-action='{action}']");
    browser.wait(&format!("document.querySelector(\"{button}\") !== null"));
    browser.click(&button);
    let dialog = browser.wait("document.querySelector('#confirm[open], #modal[open]:has([type=submit])')?.id");
    if dialog == "confirm" {
        browser.click("#confirm-ok");
        browser.wait("!document.querySelector('#confirm[open]')");
        return;
    }
    let words = browser.evaluate("/Type exactly: (.+)/.exec(document.querySelector('#modal').innerText)?.[1] ?? ''");
    if let Some(words) = words.as_str().filter(|words| !words.is_empty()) {
        browser.types("#input-words", words);
    }
    browser.types("#input-reason", "the primary is healthy again");
    browser.click("#modal [type=submit]");
    browser.wait("!document.querySelector('#modal[open]')");
}

#[test]
#[ignore = "needs Chromium, and Python with selenium: see tests/third-party/README.md"]
fn the_pipeline_interferes_with_a_failback_that_two_people_play() {
    let folder = tempfile::tempdir().unwrap();
    let (rehearsal, mut browser, _) = opened(folder.path(), FAST);
    begins(&mut browser, "pipeline-interferes");
    browser.wait("document.querySelector('.region.serves b')?.textContent === 'us-west-2'");
    browser.wait("document.querySelector(\".actions [data-id='scale-to-1']\") !== null");
    browser.click(".actions [data-id='add-reader']");
    browser.wait("document.querySelector('.note').textContent.includes('added a reader in us-east-1')");
    becomes(&mut browser, Cast::MAYA);
    browser.types("#text", "/dr failback the primary is healthy again\n");
    becomes(&mut browser, Cast::JONAS);
    confirms(&mut browser, "approve-rebuild");
    hears(&mut browser, "#messages", "your turn");
    browser.click(".actions [data-id='terraform']");
    confirms(&mut browser, "approve-switchover");

    // With the primary's capacity there, it scales that to one task by itself; users arrive at the whole of it all the same.
    browser.wait("document.querySelector('.note').textContent.includes('scaled us-east-1 to 1 task')");
    pictures(&mut browser, "pipeline");
    browser.wait("document.querySelector('.region.serves b')?.textContent === 'us-east-1'");
    let tasks = browser.evaluate("document.querySelector('.region.serves .tasks').innerText");
    assert!(tasks.as_str().unwrap().contains("web 4/4"), "{tasks}");
    hears(&mut browser, "#messages", "is served by us-east-1");
    assert!(rehearsal.terminate().success());
}

#[test]
#[ignore = "needs Chromium, and Python with selenium: see tests/third-party/README.md"]
fn two_people_play_a_promote_with_words_typed() {
    let folder = tempfile::tempdir().unwrap();
    let (rehearsal, mut browser, at) = opened(folder.path(), SPEED);

    // Who may do what is there to see, and one play out of several is chosen.
    let may = |person| format!("document.querySelector('#people button[data-id={person}] .may').textContent");
    browser.wait(&format!("{} === 'may ask and confirm'", may(Cast::JONAS)));
    assert_eq!(browser.evaluate(&may(Cast::SAM)), "may look");
    begins(&mut browser, "promote");
    browser.wait("document.querySelector('.region.dark b')?.textContent === 'us-east-1'");

    // One asks, and cannot confirm what they asked for; another types the words, the second time without a slip.
    becomes(&mut browser, Cast::MAYA);
    browser.types("#text", "/dr promote the <b>primary</b> does not answer\n");
    let button = "#messages [data-action='approve-failover']";
    browser.wait(&format!("document.querySelector(\"{button}\") !== null"));
    pictures(&mut browser, "gate");
    becomes(&mut browser, Cast::JONAS);
    browser.wait(&format!("document.querySelector(\"{button}\") !== null"));
    browser.click(button);
    browser.wait("document.querySelector('#modal[open] #input-words') !== null");
    let words = browser.wait("/Type exactly: (.+)/.exec(document.querySelector('#modal').innerText)?.[1]");
    browser.types("#input-words", "promote us-east-1");
    browser.types("#input-reason", "the primary does not answer");
    browser.screen(390, 700, "light", "Europe/Berlin");
    browser.evaluate("document.querySelector('#modal [type=submit]').scrollIntoView()");
    browser.click("#modal [type=submit]");
    let error = "[...document.querySelectorAll('#modal .error')].find((error) => error.textContent)";
    browser.wait(&format!("{error}?.textContent"));
    // On a phone, too, what is wrong is before one's eyes.
    let seen = "(({ top, bottom }) => top >= 0 && bottom <= innerHeight)";
    browser.wait(&format!("{seen}({error}.getBoundingClientRect())"));
    pictures(&mut browser, "words");
    browser.evaluate("document.querySelector('#input-words').value = ''");
    browser.types("#input-words", words.as_str().unwrap());
    browser.click("#modal [type=submit]");
    browser.wait("!document.querySelector('#modal[open]')");

    // It runs before everybody's eyes, also of those who only look on, to the report.
    becomes(&mut browser, Cast::SAM);
    hears(&mut browser, "#messages", "step 3 of 6");
    assert_eq!(browser.evaluate("document.querySelectorAll('#messages .plan .task').length"), 6);
    pictures(&mut browser, "runs");
    hears(&mut browser, "#messages", "is served by us-west-2");
    browser.wait("document.querySelectorAll('#beside-messages .message').length > 0");
    browser.wait("document.querySelector('.region.serves b').textContent === 'us-west-2'");
    assert!(browser.evaluate("document.querySelectorAll('#messages .table td').length").as_u64() > Some(0));
    assert_eq!(browser.evaluate("document.querySelectorAll('.unsupported').length"), 0);
    pictures(&mut browser, "report");
    browser.click("#apps button");
    hears(&mut browser, "#home", "us-west-2");
    pictures(&mut browser, "home");

    let (asked, said) = browser.watched();
    assert_eq!(said, Vec::<String>::new(), "the console");
    let own = format!("http://{at}/");
    // Chromium's own pages are its own affair.
    let inside = ["data:", "chrome:", "chrome-untrusted:", &own];
    let others: Vec<_> = asked.iter().filter(|url| !inside.iter().any(|start| url.starts_with(start))).collect();
    assert!(others.is_empty(), "the page asked for {others:?}");
    assert!(rehearsal.terminate().success());
}
