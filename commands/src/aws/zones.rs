//! Hosted zones: what they demand of whoever changes their records.
//!
//! The SDK's model is older than protections and change guardrails (botocore has them from 1.44.8 on), so the answers are read here, from what the SDK's
//! own `GetHostedZone` brings; a list of protections is the same request with another path, signed like any other.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_route53::operation::{
    get_hosted_zone::GetHostedZoneError, update_hosted_zone_comment::UpdateHostedZoneCommentError,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef},
        orchestrator::{HttpRequest, HttpResponse},
        result::SdkError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use serde::Deserialize;

use super::{Accepted, Aws, AwsError, AwsErrorKind, call::Operation};
use crate::{
    observation::{Protection, ZoneState},
    topology::{Duty, plain_name, zone_id},
};

static GET_ZONE: Operation = Operation::new("route53", "GetHostedZone");
static PROTECTIONS: Operation = Operation::new("route53", "ListResourceRecordSetProtections");
static LIFT: Operation = Operation::new("route53", "DeleteResourceRecordSetProtections");
static PUT_BACK: Operation = Operation::new("route53", "CreateResourceRecordSetProtections");
static ZONES: Operation = Operation::new("route53", "ListHostedZones");

/// Most answers that are read of a list.
const PAGES: usize = 10;

impl Aws {
    /// A hosted zone's own settings.
    pub async fn zone(&self, zone: &str) -> Result<ZoneState, AwsError> {
        let send = || async {
            let body = Body::default();
            let get = self.route53(zone, Duty::Read).get_hosted_zone().id(zone).customize().interceptor(body.clone());
            get.send().await?;
            Ok::<_, SdkError<GetHostedZoneError, HttpResponse>>(body.take())
        };
        let text = self.0.global.read(&GET_ZONE, send).await?;
        let answer: GetHostedZone = self.read_xml(&GET_ZONE, &text)?;
        let GetHostedZone { hosted_zone: HostedZone { name, config, features } } = answer;
        let features = features.unwrap_or_default();
        let on = features.guardrails.unwrap_or_default().list.into_iter().filter(|each| each.status == "ENABLED");
        Ok(ZoneState {
            name: plain_name(&name),
            private: config.as_ref().is_some_and(|config| config.private),
            protectable: config.is_some_and(|config| config.tier.is_some()),
            accelerated_recovery: features.accelerated_recovery,
            guardrails: on.map(|guardrail| guardrail.name).collect(),
        })
    }

    /// The protections in a hosted zone.
    pub async fn protections(&self, zone: &str) -> Result<Vec<Protection>, AwsError> {
        let (mut found, mut next) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let send = || self.list_protections(zone, next.as_deref());
            let text = match self.0.global.read(&PROTECTIONS, send).await {
                // An endpoint that is older than they are.
                Err(error) if matches!(error.kind, AwsErrorKind::Invalid | AwsErrorKind::NotFound) => break,
                answer => answer?,
            };
            let answer: ListProtections = self.read_xml(&PROTECTIONS, &text)?;
            found.extend(answer.protections.list.into_iter().map(|protection| Protection {
                name: plain_name(&protection.name),
                kind: protection.kind,
                comment: protection.comment,
            }));
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Deletes those protections, or creates them.
    pub(super) async fn change_protections(
        &self,
        zone: &str,
        protections: &[Protection],
        create: bool,
    ) -> Result<Accepted, AwsError> {
        let (operation, path) = match create {
            true => (&PUT_BACK, "/rrsetprotection"),
            false => (&LIFT, "/rrsetprotection/delete"),
        };
        let text = request(protections, create);
        let send = || async {
            let text = text.clone();
            // The same request with another path and body, signed like any other. Its answer is empty, which the SDK finds unreadable.
            let other = move |request: &mut HttpRequest| {
                let uri = format!("{}{path}", request.uri());
                let _changed = request.set_uri(uri);
                request.headers_mut().insert("content-length", text.len().to_string());
                *request.body_mut() = SdkBody::from(text.as_str());
            };
            let update = self.route53(zone, Duty::Promote).update_hosted_zone_comment().id(zone).customize();
            match update.mutate_request(other).send().await {
                Err(error) if error.raw_response().is_some_and(|answer| answer.status().is_success()) => Ok(()),
                answer => answer.map(drop),
            }
        };
        let sent: Result<(), AwsError> =
            self.0.global.change::<(), UpdateHostedZoneCommentError, _>(operation, send).await;
        sent.map(|()| Accepted { request_id: None, reference: None })
    }

    /// Private hosted zones that the zone's role can see and whose name is one of those names, or above it.
    pub async fn private_zones(&self, zone: &str, names: &[&str]) -> Result<Vec<(String, String)>, AwsError> {
        let (mut found, mut marker) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let send = || self.route53(zone, Duty::Read).list_hosted_zones().set_marker(marker.clone()).send();
            let answer = self.0.global.read(&ZONES, send).await?;
            let private =
                answer.hosted_zones().iter().filter(|each| each.config().is_some_and(|config| config.private_zone()));
            found.extend(private.map(|each| (zone_id(each.id()), plain_name(each.name()))).filter(|(id, above)| {
                let covers = |name: &&str| *name == above || name.ends_with(&format!(".{above}"));
                id != zone && names.iter().any(covers)
            }));
            marker = answer.next_marker().map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The answer's text. Its root is another one than the SDK expects, so that the SDK finds it unreadable.
    async fn list_protections(
        &self,
        zone: &str,
        next: Option<&str>,
    ) -> Result<String, SdkError<GetHostedZoneError, HttpResponse>> {
        let body = Body::default();
        let query = next.map(|token| {
            url::form_urlencoded::Serializer::new(String::from("?")).append_pair("nexttoken", token).finish()
        });
        let path = format!("/rrsetprotection{}", query.unwrap_or_default());
        let elsewhere = move |request: &mut HttpRequest| {
            let uri = format!("{}{path}", request.uri());
            // What the SDK has made of the zone's id is a URI, and stays one.
            let _changed = request.set_uri(uri);
        };
        let get = self.route53(zone, Duty::Read).get_hosted_zone().id(zone).customize();
        let sent = get.mutate_request(elsewhere).interceptor(body.clone()).send().await;
        let text = body.take();
        match sent {
            _ if text.contains("<ListResourceRecordSetProtectionsResponse") => Ok(text),
            answer => answer.map(|_| text),
        }
    }

    fn read_xml<T: for<'de> Deserialize<'de>>(&self, operation: &'static Operation, text: &str) -> Result<T, AwsError> {
        let unreadable = |error| AwsError::unreadable(operation, &self.0.global.region, format!("{error}"));
        quick_xml::de::from_str(text).map_err(unreadable)
    }
}

/// The body of a request to delete protections, or to create them.
fn request(protections: &[Protection], create: bool) -> String {
    let (root, item) = match create {
        true => ("CreateResourceRecordSetProtectionsRequest", "ResourceRecordSetProtectionConfig"),
        false => ("DeleteResourceRecordSetProtectionsRequest", "ResourceRecordSetProtectionKey"),
    };
    let one = |protection: &Protection| {
        let comment = protection.comment.as_ref().filter(|_| create);
        let comment = comment.map(|comment| format!("<Comment>{}</Comment>", quick_xml::escape::escape(comment)));
        format!(
            "<{item}><RecordName>{}</RecordName><RecordType>{}</RecordType>{}</{item}>",
            quick_xml::escape::escape(&protection.name),
            quick_xml::escape::escape(&protection.kind),
            comment.unwrap_or_default()
        )
    };
    let listed: String = protections.iter().map(one).collect();
    format!(
        "<{root} xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Protections>{listed}</Protections></{root}>"
    )
}

/// Keeps the text of an answer, whatever the SDK makes of it.
#[derive(Debug, Clone, Default)]
struct Body(Arc<Mutex<String>>);

impl Body {
    fn take(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Body {
    fn name(&self) -> &'static str {
        "body"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = String::from_utf8_lossy(bytes).into_owned();
        Ok(())
    }
}

#[derive(Deserialize)]
struct GetHostedZone {
    #[serde(rename = "HostedZone")]
    hosted_zone: HostedZone,
}

#[derive(Deserialize)]
struct HostedZone {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Config")]
    config: Option<ZoneConfig>,
    #[serde(rename = "Features")]
    features: Option<Features>,
}

#[derive(Deserialize)]
struct ZoneConfig {
    #[serde(rename = "PrivateZone", default)]
    private: bool,
    #[serde(rename = "HostedZoneTier")]
    tier: Option<String>,
}

#[derive(Default, Deserialize)]
struct Features {
    #[serde(rename = "AcceleratedRecoveryStatus")]
    accelerated_recovery: Option<String>,
    #[serde(rename = "ChangeGuardrails")]
    guardrails: Option<Guardrails>,
}

#[derive(Default, Deserialize)]
struct Guardrails {
    #[serde(rename = "ChangeGuardrail", default)]
    list: Vec<Guardrail>,
}

#[derive(Deserialize)]
struct Guardrail {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Status")]
    status: String,
}

#[derive(Deserialize)]
struct ListProtections {
    #[serde(rename = "ResourceRecordSetProtections", default)]
    protections: ListedProtections,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
struct ListedProtections {
    #[serde(rename = "ResourceRecordSetProtection", default)]
    list: Vec<ListedProtection>,
}

#[derive(Deserialize)]
struct ListedProtection {
    #[serde(rename = "RecordName")]
    name: String,
    #[serde(rename = "RecordType")]
    kind: String,
    #[serde(rename = "Comment")]
    comment: Option<String>,
}
