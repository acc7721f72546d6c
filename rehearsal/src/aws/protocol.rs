//! Requests to calls, and what comes of calls to responses: awsQuery, AWS JSON, RPC v2 CBOR and restXml.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Value, json};

use super::{Service, apigateway, cbor, elb, needs, query, rds, route53, sts, xml};
use crate::{
    region::Region,
    simulation::refusal::{Refusal, Result},
};

/// How signatures write a time.
pub(crate) const SIGNED_AT: &str = "%Y%m%dT%H%M%SZ";

/// A decoded API call.
#[derive(Debug, Clone)]
pub(crate) struct ApiCall {
    pub(crate) service: Service,
    pub(crate) region: Region,
    pub(crate) operation: String,
    pub(crate) input: Value,
    pub(crate) access_key: String,
    /// When it was signed, by the caller's clock.
    pub(crate) signed_at: Option<Timestamp>,
}

/// How a request is written, and therefore its response.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    /// Form in, XML out.
    Query(xml::Dialect),
    /// The same in EC2's variant.
    Ec2(xml::Dialect),
    /// JSON both ways, operation in a header.
    Json,
    /// The same from a service that used to speak awsQuery: error codes are in a header besides.
    JsonWithQueryCodes,
    /// CBOR both ways, operation in the path.
    Cbor,
    /// XML both ways, operation in method and path.
    RestXml(xml::Dialect),
    /// JSON both ways, operation in method and path, error codes in a header.
    RestJson,
}

/// What the credential scope of a SigV4 signature tells: `Credential=AK/20261122/us-west-2/rds/aws4_request`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    access_key: String,
    region: Region,
    service: String,
}

impl Scope {
    /// The region that the request is for.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The service that the request is for, if it is simulated.
    pub(crate) fn service(&self) -> Option<Service> {
        Service::of_signing_name(&self.service)
    }
}

/// The credential scope of a request, if it is signed.
pub(crate) fn scope(headers: &HeaderMap) -> Option<Scope> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    let credential = authorization.split_once("Credential=")?.1.split(',').next()?;
    let mut parts = credential.split('/');
    let (access_key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Scope { access_key: access_key.to_owned(), region: Region::from(region), service: service.to_owned() })
}

/// The protocol of a signed request; by the service, and for CloudWatch by what the client chose.
pub(crate) fn protocol(scope: &Scope, headers: &HeaderMap) -> Protocol {
    match scope.service() {
        Some(Service::Rds) => Protocol::Query(rds::DIALECT),
        Some(Service::Elbv2) => Protocol::Query(elb::DIALECT),
        Some(Service::Sts) => Protocol::Query(sts::DIALECT),
        Some(Service::Ec2) => Protocol::Ec2(needs::EC2_DIALECT),
        Some(Service::Route53) => Protocol::RestXml(route53::DIALECT),
        Some(Service::ApiGateway) => Protocol::RestJson,
        Some(Service::CloudWatch) if headers.contains_key("smithy-protocol") => Protocol::Cbor,
        Some(Service::CloudWatch) => Protocol::JsonWithQueryCodes,
        _ => Protocol::Json,
    }
}

/// The call that a signed request makes.
pub(crate) fn decode(scope: Scope, protocol: Protocol, parts: &Parts, body: &Bytes) -> Result<ApiCall> {
    let service = scope.service().ok_or_else(|| {
        tracing::warn!(service = scope.service, "service is not simulated");
        Refusal::invalid("UnknownService", format!("service {} is not simulated", scope.service))
    })?;
    let (operation, input) = match protocol {
        Protocol::Query(_) | Protocol::Ec2(_) => query_call(body)?,
        Protocol::Json | Protocol::JsonWithQueryCodes => (json_operation(&parts.headers)?, json_input(body)?),
        Protocol::Cbor => (last_segment(parts.uri.path()), cbor::decode(body).map_err(malformed)?),
        Protocol::RestXml(_) => route53::decode(parts, body)?,
        Protocol::RestJson => apigateway::decode(parts)?,
    };
    Ok(ApiCall {
        service,
        region: scope.region,
        operation,
        input,
        access_key: scope.access_key,
        signed_at: signed_at(&parts.headers),
    })
}

/// The signature's time, such as `20261122T093000Z`.
fn signed_at(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get("x-amz-date")?.to_str().ok()?;
    let at = civil::DateTime::strptime(SIGNED_AT, text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn query_call(body: &Bytes) -> Result<(String, Value)> {
    let mut input = query::parse(body).map_err(malformed)?;
    let members = input.as_object_mut().ok_or_else(|| malformed("no parameters"))?;
    members.remove("Version");
    match members.remove("Action") {
        Some(Value::String(action)) => Ok((action, input)),
        _ => Err(Refusal::invalid("MissingAction", "The request must contain the parameter Action")),
    }
}

fn json_operation(headers: &HeaderMap) -> Result<String> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    operation.map(str::to_owned).ok_or_else(|| Refusal::invalid("UnknownOperationException", "X-Amz-Target is missing"))
}

fn json_input(body: &Bytes) -> Result<Value> {
    if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(body).map_err(malformed) }
}

fn last_segment(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

pub(super) fn malformed(error: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("SerializationException", format!("request cannot be read: {error}"))
}

/// The response to a call of `operation`.
pub(crate) fn encode(
    protocol: Protocol,
    operation: &str,
    request_id: &str,
    outcome: &Result<Value>,
) -> Response<Bytes> {
    let mut response = match outcome {
        Ok(output) => Response::new(success(protocol, operation, request_id, output)),
        Err(refusal) => failure(protocol, request_id, refusal),
    };
    let content_type = match protocol {
        Protocol::Query(_) | Protocol::Ec2(_) | Protocol::RestXml(_) => "text/xml",
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::JsonWithQueryCodes => "application/x-amz-json-1.0",
        Protocol::Cbor => "application/cbor",
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    if let Ok(id) = request_id.parse() {
        headers.insert("x-amzn-requestid", id);
    }
    if matches!(protocol, Protocol::Cbor) {
        headers.insert("smithy-protocol", http::HeaderValue::from_static("rpc-v2-cbor"));
    }
    response
}

fn success(protocol: Protocol, operation: &str, request_id: &str, output: &Value) -> Bytes {
    match protocol {
        Protocol::Query(dialect) => {
            let metadata = json!({"RequestId": request_id});
            let result = format!("{operation}Result");
            let elements = [(result.as_str(), output), ("ResponseMetadata", &metadata)];
            xml::document(dialect, &format!("{operation}Response"), &elements).into()
        }
        Protocol::Ec2(dialect) => {
            let id = json!(request_id);
            let members = output.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
            let elements: Vec<(&str, &Value)> = std::iter::once(("requestId", &id)).chain(members).collect();
            xml::document(dialect, &format!("{operation}Response"), &elements).into()
        }
        Protocol::RestXml(dialect) => {
            let members = output.as_object().into_iter().flatten();
            let elements: Vec<(&str, &Value)> = members.map(|(name, value)| (name.as_str(), value)).collect();
            xml::document(dialect, &format!("{operation}Response"), &elements).into()
        }
        Protocol::Json | Protocol::JsonWithQueryCodes | Protocol::RestJson => output.to_string().into(),
        Protocol::Cbor => cbor::encode(output).into(),
    }
}

fn failure(protocol: Protocol, request_id: &str, refusal: &Refusal) -> Response<Bytes> {
    let fault = if refusal.status < 500 { "Sender" } else { "Receiver" };
    let typed = json!({"__type": refusal.code, "message": refusal.message});
    let body = match protocol {
        Protocol::Query(dialect) | Protocol::RestXml(dialect) => {
            let error = json!({"Type": fault, "Code": refusal.code, "Message": refusal.message});
            let elements = [("Error", &error), ("RequestId", &json!(request_id))];
            xml::document(dialect, "ErrorResponse", &elements).into()
        }
        Protocol::Ec2(dialect) => {
            let errors = json!({"Error": {"Code": refusal.code, "Message": refusal.message}});
            xml::document(dialect, "Response", &[("Errors", &errors), ("RequestID", &json!(request_id))]).into()
        }
        Protocol::Json | Protocol::JsonWithQueryCodes => typed.to_string().into(),
        Protocol::RestJson => json!({"message": refusal.message}).to_string().into(),
        Protocol::Cbor => cbor::encode(&typed).into(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let query_codes = matches!(protocol, Protocol::JsonWithQueryCodes | Protocol::Cbor);
    if let Some(code) = format!("{};{fault}", refusal.code).parse().ok().filter(|_| query_codes) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
    if let Some(code) = refusal.code.parse().ok().filter(|_| matches!(protocol, Protocol::RestJson)) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_signature_names_key_region_and_service() {
        let mut headers = HeaderMap::new();
        let signature =
            "AWS4-HMAC-SHA256 Credential=AK/20261122/us-west-2/rds/aws4_request, SignedHeaders=host, Signature=x";
        headers.insert("authorization", signature.parse().unwrap());
        let expected = Scope { access_key: "AK".into(), region: Region::from("us-west-2"), service: "rds".into() };
        assert_eq!(scope(&headers), Some(expected));
    }
}
