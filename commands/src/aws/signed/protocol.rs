//! The protocols: what a request looks like, and what an answer says.

use std::{error::Error, fmt};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
};
use aws_smithy_types::{
    body::SdkBody,
    error::metadata::{ErrorMetadata, ProvideErrorMetadata},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::xml::tree;

/// How a service is talked to.
#[derive(Debug, Clone, Copy)]
pub(in crate::aws) enum Protocol {
    /// JSON both ways; the operation's name in `X-Amz-Target` follows this prefix.
    Json(&'static str),
    /// A form in, XML out; the API's version.
    Query(&'static str),
    /// A GET of this path, or of one below it, with the parameters as its query; JSON out.
    RestJson(&'static str),
    /// The same with XML out, and in where something is sent.
    RestXml(&'static str),
}

/// A request before it has an endpoint and a signature.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    method: &'static str,
    /// Path and query.
    uri: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// What AWS answered instead of a result.
#[derive(Debug)]
pub(in crate::aws) struct Refusal(ErrorMetadata);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl Plain {
    fn get(uri: String) -> Self {
        Self { method: "GET", uri, headers: Vec::new(), body: String::new() }
    }

    /// A POST of that body.
    pub(super) fn post(uri: String, content_type: &'static str, body: String) -> Self {
        let headers = vec![("content-type", content_type.to_owned()), ("content-length", body.len().to_string())];
        Self { method: "POST", uri, headers, body }
    }

    fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    /// As the SDK sends it.
    pub(super) fn http(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method)?;
        request.set_uri(self.uri)?;
        for (name, value) in self.headers {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

impl Protocol {
    /// The path that others are below.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Json(_) | Self::Query(_) => "/",
            Self::RestJson(path) | Self::RestXml(path) => path,
        }
    }

    /// The request for an operation with those parameters, at a path below the service's.
    pub(super) fn request(self, operation: &str, below: &str, parameters: &Value) -> Plain {
        let path = format!("{}{below}", self.path());
        let pairs = |pairs: &mut Serializer<'_, String>| {
            for (name, value) in parameters.as_object().into_iter().flatten() {
                pairs.append_pair(name, value.as_str().unwrap_or_default());
            }
            pairs.finish()
        };
        match self {
            Self::Json(prefix) => Plain::post(path, "application/x-amz-json-1.1", parameters.to_string())
                .with("x-amz-target", format!("{prefix}.{operation}")),
            Self::Query(version) => {
                let mut form = Serializer::new(String::new());
                form.append_pair("Action", operation).append_pair("Version", version);
                Plain::post(path, "application/x-www-form-urlencoded", pairs(&mut form))
            }
            Self::RestJson(_) | Self::RestXml(_) => {
                let query = pairs(&mut Serializer::new(String::new()));
                let plain = Plain::get(if query.is_empty() { path } else { format!("{path}?{query}") });
                match self {
                    // API Gateway answers in HAL otherwise, with its items elsewhere.
                    Self::RestJson(_) => plain.with("accept", "application/json"),
                    _ => plain,
                }
            }
        }
    }

    /// The answer as a tree.
    pub(super) fn answer(self, response: &HttpResponse) -> Result<Value, OrchestratorError<Refusal>> {
        self.accepted(response)?;
        self.tree(response).map_err(OrchestratorError::other)
    }

    /// The answer's document as `T`, whatever its root is called.
    pub(super) fn document<T: DeserializeOwned>(
        self,
        response: &HttpResponse,
    ) -> Result<T, OrchestratorError<Refusal>> {
        self.accepted(response)?;
        let text = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
        quick_xml::de::from_str(&text).map_err(OrchestratorError::other)
    }

    /// That it is no refusal; nothing is read of what else it says.
    pub(super) fn accepted(self, response: &HttpResponse) -> Result<(), OrchestratorError<Refusal>> {
        match response.status().is_success() {
            true => Ok(()),
            // A 5xx from something in between has no code, and the status says enough.
            false => {
                Err(OrchestratorError::operation(self.refusal(response, &self.tree(response).unwrap_or_default())))
            }
        }
    }

    fn tree(self, response: &HttpResponse) -> Result<Value, String> {
        let body = response.body().bytes().unwrap_or_default();
        match self {
            Self::Json(_) | Self::RestJson(_) => serde_json::from_slice(body).map_err(|error| error.to_string()),
            Self::Query(_) | Self::RestXml(_) => tree(body),
        }
    }

    fn refusal(self, response: &HttpResponse, tree: &Value) -> Refusal {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (code, message) = match self {
            Self::Json(_) | Self::RestJson(_) => {
                let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
                let code = header.or_else(|| text(&tree["__type"])).or_else(|| text(&tree["code"]));
                (code, text(&tree["message"]).or_else(|| text(&tree["Message"])))
            }
            Self::Query(_) | Self::RestXml(_) => {
                // EC2 has a list of them, with one inside.
                let error = if tree["Error"].is_null() { &tree["Errors"]["Error"] } else { &tree["Error"] };
                (text(&error["Code"]), text(&error["Message"]))
            }
        };
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            // `com.amazonaws.ecr#ImageNotFoundException:http://…`
            let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
            metadata = metadata.code(code);
        }
        Refusal(metadata.message(message.unwrap_or_default()).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_every_protocol_have_code_and_message() {
        let response = |body: &'static str| {
            let status = 400.try_into().unwrap_or_else(|_| unreachable!("400 is a status"));
            HttpResponse::new(status, SdkBody::from(body))
        };
        let of = |protocol: Protocol, body: &'static str| {
            let answer = protocol.answer(&response(body));
            let refusal = answer.as_ref().err().and_then(OrchestratorError::as_operation_error);
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (text(refusal.and_then(Refusal::code)), text(refusal.and_then(Refusal::message)))
        };
        let json = of(
            Protocol::Json("X"),
            r#"{"__type":"com.amazonaws.ecr#ImageNotFoundException","message":"no such image"}"#,
        );
        assert_eq!(json, ("ImageNotFoundException".to_owned(), "no such image".to_owned()));
        let ec2 = of(
            Protocol::Query("1"),
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no &amp; never</Message></Error></Errors></Response>",
        );
        assert_eq!(ec2, ("UnauthorizedOperation".to_owned(), "no & never".to_owned()));
        let query = of(Protocol::Query("1"), "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>");
        assert_eq!(query, ("Throttling".to_owned(), String::new()));
        let xml = of(
            Protocol::RestXml("/"),
            "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>no zone</Message></Error></ErrorResponse>",
        );
        assert_eq!(xml, ("NoSuchHostedZone".to_owned(), "no zone".to_owned()));
        // What stands in between answers what it wants.
        assert_eq!(of(Protocol::Json("X"), "<html>").0, "");
    }
}
