//! The stand-in Slack for programs in other processes.

use std::sync::Arc;

use jiff::Timestamp;
use rehearsal::slack::{Clock, Settings, Slack};

/// The stand-in Slack on a port of its own, in real time.
pub(crate) async fn serve_slack() -> Slack {
    serve(Arc::new(Timestamp::now)).await
}

/// The stand-in Slack on a port of its own, where time stands still: nothing expires, however slow the machine.
pub(crate) async fn serve_timeless_slack() -> Slack {
    let now = Timestamp::now();
    serve(Arc::new(move || now)).await
}

async fn serve(clock: Clock) -> Slack {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Settings::shop(clock, 1);
    settings.base_url = format!("http://{}", listener.local_addr().unwrap());
    let slack = Slack::new(settings);
    tokio::spawn(axum::serve(listener, slack.api()).into_future());
    slack
}
