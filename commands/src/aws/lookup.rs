//! Single calls to services whose SDK crates would cost more to build than all of this program: a signed request by the SDK's own means (its HTTP client,
//! credentials, clock and endpoint settings), with the parameters and the answer as plain trees. Reads only.
//!
//! Three protocols: AWS JSON 1.1, EC2's variant of the query protocol, and lists of REST with JSON.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>, <https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html>

use std::{error::Error, fmt};

use aws_config::SdkConfig;
use aws_runtime::auth::{HttpSignatureType, SigV4OperationSigningConfig, SigningOptions, sigv4};
use aws_smithy_runtime::client::{identity::IdentityCache, orchestrator::operation::Operation as Request};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        behavior_version::BehaviorVersion,
        identity::{SharedIdentityCache, SharedIdentityResolver},
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::StaticRuntimePlugin,
        stalled_stream_protection::StalledStreamProtectionConfig,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::Layer,
    error::metadata::{ErrorMetadata, ProvideErrorMetadata},
};
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};
use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{
    AwsError,
    call::{Caller, Operation},
};
use crate::partition::Partition;

/// A service as its calls need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// As in SDK settings: `AWS_ENDPOINT_URL_SECRETS_MANAGER` is that of `Secrets Manager`.
    pub(super) id: &'static str,
    /// In signatures, and in the host name unless `host` differs.
    pub(super) name: &'static str,
    /// First label or labels of the host name.
    pub(super) host: &'static str,
    /// How it is talked to.
    pub(super) protocol: Protocol,
}

/// How a service is talked to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    /// JSON both ways; the operation's name in `X-Amz-Target` follows this prefix.
    Json(&'static str),
    /// A form in, XML out; the API's version.
    Ec2(&'static str),
    /// A GET of this path with the parameters as its query, JSON out.
    Rest(&'static str),
}

/// Makes such calls in one region for one identity.
#[derive(Debug)]
pub(super) struct Lookup {
    caller: Caller,
    config: SdkConfig,
    /// One for all calls, so that a role is assumed once.
    identity: Option<SharedIdentityResolver>,
    cache: SharedIdentityCache,
}

/// What AWS answered instead of a result.
#[derive(Debug)]
struct Refusal(ErrorMetadata);

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

impl Lookup {
    /// With the settings of the SDK's clients.
    pub(super) fn new(config: &SdkConfig, caller: Caller) -> Self {
        let identity = config.credentials_provider().map(SharedIdentityResolver::new);
        let cache = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        Self { caller, config: config.clone(), identity, cache }
    }

    /// Calls a reading operation. With [`Protocol::Rest`] the members of `parameters` are texts. With [`Protocol::Ec2`] the members of `parameters` are texts under their flattened names, such as `SubnetId.1`, and the
    /// answer is the document's tree, lists as arrays under `item`.
    pub(super) async fn read(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        parameters: &Value,
    ) -> Result<Value, AwsError> {
        let request = self.request(service, operation.name);
        self.caller.read(operation, || request.invoke(parameters.clone())).await
    }

    fn request(&self, service: &'static Service, name: &'static str) -> Request<Value, Value, Refusal> {
        let mut components = RuntimeComponentsBuilder::new("signed");
        components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]),
        )));
        components.push_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()));
        components.set_identity_cache(Some(self.cache.clone()));
        if let Some(identity) = &self.identity {
            components.set_identity_resolver(sigv4::SCHEME_ID, identity.clone());
        }
        let region = Region::new(self.caller.region.clone());
        let mut layer = Layer::new("signed");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigningName::from_static(service.name));
        layer.store_put(SigningRegion::from(region.clone()));
        let mut signing_options = SigningOptions::default();
        signing_options.signature_type = HttpSignatureType::HttpRequestHeaders;
        let mut signing = SigV4OperationSigningConfig::default();
        (signing.region, signing.name, signing.signing_options) =
            (Some(SigningRegion::from(region)), Some(SigningName::from_static(service.name)), signing_options);
        layer.store_put(signing);
        let plugin = StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);

        let mut request = Request::builder()
            .service_name(service.id)
            .operation_name(name)
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.endpoint(service))
            .no_retry()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .runtime_plugin(plugin);
        if let Some(client) = self.config.http_client() {
            request = request.http_client(client);
        }
        if let Some(sleep) = self.config.sleep_impl() {
            request = request.sleep_impl(sleep);
        }
        if let Some(time) = self.config.time_source() {
            request = request.time_source(time);
        }
        if let Some(timeout) = self.config.timeout_config() {
            request = request.timeout_config(timeout.clone());
        }
        let protocol = service.protocol;
        request
            .serializer(move |parameters: Value| protocol.request(name, &parameters))
            .deserializer(move |response| protocol.answer(response))
            .build()
    }

    /// The configured endpoint (`AWS_ENDPOINT_URL_…`, `AWS_ENDPOINT_URL`, profiles), or the region's own.
    fn endpoint(&self, service: &Service) -> String {
        let key = ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let of_service =
            || key.build().ok().and_then(|key| self.config.service_config().and_then(|all| all.load_config(key)));
        let configured = of_service().or_else(|| self.config.endpoint_url().map(str::to_owned));
        let region = &self.caller.region;
        configured.unwrap_or_else(|| format!("https://{}.{region}.{}", service.host, Partition::of(region).dns_suffix))
    }
}

impl Protocol {
    fn request(self, operation: &str, parameters: &Value) -> Result<HttpRequest, BoxError> {
        let (content_type, body) = match self {
            Self::Rest(path) => return get(path, parameters),
            Self::Json(_) => ("application/x-amz-json-1.1", parameters.to_string()),
            Self::Ec2(version) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", operation).append_pair("Version", version);
                for (name, value) in parameters.as_object().into_iter().flatten() {
                    form.append_pair(name, value.as_str().unwrap_or_default());
                }
                ("application/x-www-form-urlencoded", form.finish())
            }
        };
        let length = body.len().to_string();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri("/")?;
        let headers = request.headers_mut();
        headers.insert("content-type", content_type);
        headers.insert("content-length", length);
        if let Self::Json(prefix) = self {
            headers.insert("x-amz-target", format!("{prefix}.{operation}"));
        }
        Ok(request)
    }

    fn answer(self, response: &HttpResponse) -> Result<Value, OrchestratorError<Refusal>> {
        let body = response.body().bytes().unwrap_or_default();
        let good = response.status().is_success();
        let tree = match self {
            Self::Json(_) | Self::Rest(_) => serde_json::from_slice(body).map_err(|error| error.to_string()),
            Self::Ec2(_) => tree(body),
        };
        match tree {
            Ok(tree) if good => Ok(tree),
            Err(error) if good => Err(OrchestratorError::other(error)),
            // A 5xx from something in between has no code, and the status says enough.
            tree => Err(OrchestratorError::operation(self.refusal(response, &tree.unwrap_or_default()))),
        }
    }

    fn refusal(self, response: &HttpResponse, tree: &Value) -> Refusal {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (code, message) = match self {
            Self::Json(_) | Self::Rest(_) => {
                let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
                let code = header.or_else(|| text(&tree["__type"])).or_else(|| text(&tree["code"]));
                (code, text(&tree["message"]).or_else(|| text(&tree["Message"])))
            }
            Self::Ec2(_) => {
                let error = &tree["Errors"]["Error"];
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

fn get(path: &str, parameters: &Value) -> Result<HttpRequest, BoxError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.as_object().into_iter().flatten() {
        query.append_pair(name, value.as_str().unwrap_or_default());
    }
    let query = query.finish();
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })?;
    // API Gateway answers in HAL otherwise, with its items elsewhere.
    request.headers_mut().insert("accept", "application/json");
    Ok(request)
}

/// The root element of an XML document as a tree: elements by name, texts as strings, repeated ones and those called `item` as arrays.
fn tree(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(Element::named(start.local_name().as_ref())),
            Event::Empty(start) => close(&mut open, Element::named(start.local_name().as_ref())),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element);
                }
            }
            Event::Text(text) => append(&mut open, &text),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => resolve_predefined_entity(&entity).unwrap_or_default().to_owned(),
                };
                append(&mut open, &resolved);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let document = open.into_iter().next().unwrap_or_default().members;
    document.into_iter().next().map(|(_, root)| root).ok_or_else(|| "the document is empty".to_owned())
}

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Adds an element that has ended to the one around it.
fn close(open: &mut [Element], element: Element) {
    let Some(around) = open.last_mut() else { return };
    let value = match element.members.is_empty() {
        true => Value::String(element.text.trim().to_owned()),
        false => Value::Object(element.members),
    };
    match around.members.get_mut(&element.name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = json!([first.take(), value]),
        None if element.name == "item" => {
            around.members.insert(element.name, json!([value]));
        }
        None => {
            around.members.insert(element.name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_ec2_become_trees() {
        let document =
            b"<?xml version=\"1.0\"?>\n<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n \
            <requestId>1</requestId><subnetSet><item><subnetId>subnet-1</subnetId><availableIpAddressCount>7\
            </availableIpAddressCount></item></subnetSet><next/></DescribeSubnetsResponse>";
        let tree = tree(document).unwrap_or_default();
        assert_eq!(tree["subnetSet"]["item"][0]["availableIpAddressCount"], "7");
        assert_eq!(tree["next"], "");
        assert!(super::tree(b"").is_err() && super::tree(b"<a><b></a>").is_err());
    }

    #[test]
    fn refusals_of_both_protocols_have_code_and_message() {
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
            Protocol::Ec2("1"),
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no &amp; never</Message></Error></Errors></Response>",
        );
        assert_eq!(ec2, ("UnauthorizedOperation".to_owned(), "no & never".to_owned()));
        // What stands in between answers what it wants.
        assert_eq!(of(Protocol::Json("X"), "<html>").0, "");
    }
}
