//! The stand-in Slack for programs in other processes.

use std::sync::Arc;

use rehearsal::slack::{Settings, Slack};

/// The stand-in Slack on a port of its own, in real time.
pub(crate) async fn serve_slack() -> Slack {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Settings::shop(Arc::new(jiff::Timestamp::now), 1);
    settings.base_url = format!("http://{}", listener.local_addr().unwrap());
    let slack = Slack::new(settings);
    tokio::spawn(axum::serve(listener, slack.api()).into_future());
    slack
}
