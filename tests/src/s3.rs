//! A bucket with Object Lock, in the process of the test: versions, marks of deletion, pages of lists, and a fault. What it enforces of the lock is what S3
//! does: a version cannot be taken away. What other people's emulators make of the same calls, `replica` shows with them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use http::{Response, StatusCode};
use storage::{Checkpoint, tiles};
use tokio::sync::watch;

/// Versions that one answer lists.
const PAGE: usize = 3;

/// The bucket. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct S3(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Vec<Stored>>,
    made: u64,
    dark: bool,
    calls: Vec<(String, String)>,
}

/// A version, or a mark of deletion.
#[derive(Debug, Clone)]
struct Stored {
    id: String,
    bytes: Option<Vec<u8>>,
    /// Mode and end of its lock.
    lock: Option<(String, String)>,
}

impl S3 {
    /// The way to this bucket, and for whatever is not S3 the other one.
    pub fn before(&self, rest: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Way { s3: self.clone(), rest })
    }

    /// Lets it answer no more, or again.
    pub fn set_dark(&self, dark: bool) {
        self.state().dark = dark;
    }

    /// What is under a name, as somebody sees it who asks for no version.
    pub fn shows(&self, name: &str) -> Option<Vec<u8>> {
        self.state().objects.get(name)?.last()?.bytes.clone()
    }

    /// The names under which there is something.
    pub fn names(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Ids of the versions of a name, the oldest first.
    pub fn versions(&self, name: &str) -> Vec<String> {
        let state = self.state();
        state.objects.get(name).into_iter().flatten().map(|stored| stored.id.clone()).collect()
    }

    /// Mode and end of every version's lock; none where it has no lock.
    pub fn locks(&self) -> Vec<Option<(String, String)>> {
        self.state().objects.values().flatten().map(|stored| stored.lock.clone()).collect()
    }

    /// Somebody else who may write puts something under a name; answers the version's id.
    pub fn overwrite(&self, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.add(name, Some(bytes.into()), None)
    }

    /// Somebody deletes a name, as who may do that with Object Lock: a mark hides what is there.
    pub fn delete(&self, name: &str) {
        self.add(name, None, None);
    }

    /// What the lock keeps from happening: a version is gone.
    pub fn forget(&self, id: &str) {
        self.state().objects.values_mut().for_each(|versions| versions.retain(|stored| stored.id != id));
    }

    /// Actions and resources of the calls so far, as IAM has them: names, or none for the bucket itself.
    pub fn calls(&self) -> Vec<(String, String)> {
        self.state().calls.clone()
    }

    /// Waits until the bucket's checkpoint counts so many records.
    pub async fn holds(&self, records: u64) -> Checkpoint {
        let mut changed = self.0.changed.subscribe();
        loop {
            let shown = self.shows(tiles::CHECKPOINT).and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some(checkpoint) = shown.and_then(|note| Checkpoint::parse(&note).ok())
                && checkpoint.head().size >= records
            {
                return checkpoint;
            }
            changed.changed().await.expect("a bucket that lives");
        }
    }

    fn add(&self, name: &str, bytes: Option<Vec<u8>>, lock: Option<(String, String)>) -> String {
        let mut state = self.state();
        state.made += 1;
        let id = format!("v{}", state.made);
        state.objects.entry(name.to_owned()).or_default().push(Stored { id: id.clone(), bytes, lock });
        self.0.changed.send_replace(state.made);
        id
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &HttpRequest) -> Response<Vec<u8>> {
        let url = url::Url::parse(request.uri()).expect("an address");
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let name = url.path().trim_start_matches('/');
        let called = |action: &str| self.state().calls.push((format!("s3:{action}"), name.to_owned()));
        match request.method() {
            "PUT" => {
                called("PutObject");
                let header = |name| request.headers().get(name).map(str::to_owned);
                let lock = header("x-amz-object-lock-mode").zip(header("x-amz-object-lock-retain-until-date"));
                if lock.is_some() {
                    called("PutObjectRetention");
                }
                let bytes = request.body().bytes().expect("a body in memory").to_vec();
                self.add(name, Some(bytes), lock);
                Response::new(Vec::new())
            }
            "GET" if query.contains_key("object-lock") => {
                called("GetBucketObjectLockConfiguration");
                let rule = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>400</Days></DefaultRetention></Rule>";
                let text = format!(
                    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
                );
                Response::new(text.into_bytes())
            }
            "GET" if query.contains_key("versions") => {
                called("ListBucketVersions");
                Response::new(self.list(&query).into_bytes())
            }
            "GET" => {
                called(if query.contains_key("versionId") { "GetObjectVersion" } else { "GetObject" });
                self.get(name, query.get("versionId"))
            }
            other => panic!("{other} is not simulated"),
        }
    }

    fn get(&self, name: &str, version: Option<&String>) -> Response<Vec<u8>> {
        let mut state = self.state();
        let mut versions = state.objects.get(name).into_iter().flatten();
        let found = match version {
            Some(id) => versions.find(|stored| stored.id == *id),
            None => versions.next_back(),
        };
        match found.and_then(|stored| stored.bytes.clone()) {
            Some(bytes) => Response::new(bytes),
            None => {
                // Who may not list is not told that there is nothing.
                state.calls.push(("s3:ListBucket".to_owned(), String::new()));
                let mut refused =
                    Response::new(b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>".to_vec());
                *refused.status_mut() = StatusCode::NOT_FOUND;
                refused
            }
        }
    }

    /// A page of versions: by name, the newest of each first.
    fn list(&self, query: &BTreeMap<String, String>) -> String {
        let state = self.state();
        let all: Vec<(&String, &Stored)> = state
            .objects
            .iter()
            .filter(|(name, _)| query.get("prefix").is_none_or(|prefix| name.starts_with(prefix)))
            .flat_map(|(name, versions)| versions.iter().rev().map(move |stored| (name, stored)))
            .collect();
        let after = all.iter().position(|(name, stored)| {
            query.get("key-marker") == Some(name) && query.get("version-id-marker") == Some(&stored.id)
        });
        let rest = all.get(after.map_or(0, |at| at + 1)..).unwrap_or_default();
        let mut text = format!("<ListVersionsResult><IsTruncated>{}</IsTruncated>", rest.len() > PAGE);
        let page = rest.get(..PAGE).unwrap_or(rest);
        if let Some((name, stored)) = page.last() {
            let id = &stored.id;
            write!(text, "<NextKeyMarker>{name}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>")
                .expect("memory");
        }
        for (name, stored) in page {
            let kind = if stored.bytes.is_some() { "Version" } else { "DeleteMarker" };
            let (id, at) = (&stored.id, "2026-11-22T08:00:00.000Z");
            let size = stored.bytes.as_ref().map_or(0, Vec::len);
            let is_latest = state.objects.get(*name).and_then(|all| all.last()).is_some_and(|last| last.id == *id);
            write!(
                text,
                "<{kind}><Key>{name}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest><Size>{size}</Size>\
                 <LastModified>{at}</LastModified></{kind}>"
            )
            .expect("memory");
        }
        text + "</ListVersionsResult>"
    }
}

/// What connects: requests that are signed for S3 go to the bucket.
#[derive(Debug, Clone)]
struct Way {
    s3: S3,
    rest: SharedHttpClient,
}

impl HttpClient for Way {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let rest = self.rest.http_connector(settings, components);
        SharedHttpConnector::new(Fork { s3: self.s3.clone(), rest })
    }
}

#[derive(Debug)]
struct Fork {
    s3: S3,
    rest: SharedHttpConnector,
}

impl HttpConnector for Fork {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap_or_default();
        if !signed.contains("/s3/aws4_request") {
            return self.rest.call(request);
        }
        let s3 = self.s3.clone();
        HttpConnectorFuture::new(async move {
            if s3.state().dark {
                std::future::pending::<()>().await;
            }
            let response = s3.answer(&request);
            HttpResponse::try_from(response.map(Into::into)).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}
