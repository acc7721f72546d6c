//! Single calls that the SDK's crates here don't have: of services whose crates would cost more to build than all of this program, and of operations that
//! are newer than a crate. A signed request by the SDK's own means (its HTTP client, credentials, clock and endpoint settings), made within the bounds of
//! a [`Caller`] and with errors like those of any other call.
//!
//! Four protocols: AWS JSON 1.1, the query protocol (also EC2's), lists of REST with JSON, and REST with XML.
//! <https://smithy.io/2.0/aws/protocols/index.html>

mod protocol;
mod xml;

use std::fmt;

use aws_config::SdkConfig;
use aws_runtime::{
    auth::{HttpSignatureType, SigV4OperationSigningConfig, SigningOptions, sigv4},
    service_clock_skew::{DisableClockSkewCorrection, ServiceClockSkewInterceptor},
};
use aws_smithy_runtime::client::{identity::IdentityCache, orchestrator::operation::Operation as Request};
use aws_smithy_runtime_api::client::{
    auth::{
        AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
        static_resolver::StaticAuthSchemeOptionResolver,
    },
    behavior_version::BehaviorVersion,
    identity::{SharedIdentityCache, SharedIdentityResolver},
    interceptors::SharedInterceptor,
    orchestrator::{HttpResponse, OrchestratorError},
    runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::StaticRuntimePlugin,
    stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::config_bag::Layer;
use aws_types::{
    SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use self::protocol::Protocol;
use self::protocol::{Plain, Refusal};
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
    /// In signatures.
    pub(super) name: &'static str,
    /// Where it is.
    pub(super) place: Place,
    /// How it is talked to.
    pub(super) protocol: Protocol,
}

/// Where a service is, unless the settings name another endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In every region, behind a host name that begins with this.
    Region(&'static str),
    /// Where the SDK's own rules say.
    Rules(fn(&SdkConfig) -> Option<String>),
}

/// Makes such calls for one identity. The region of the [`Caller`] is the one that requests are signed for.
#[derive(Debug)]
pub(super) struct Signed {
    caller: Caller,
    config: SdkConfig,
    /// One for all calls, so that a role is assumed once.
    identity: Option<SharedIdentityResolver>,
    cache: SharedIdentityCache,
    /// Keeps what answers told of AWS's time for the next call.
    skew: SharedInterceptor,
}

impl Signed {
    /// With the settings of the SDK's clients.
    pub(super) fn new(config: &SdkConfig, caller: Caller) -> Self {
        let identity = config.credentials_provider().map(SharedIdentityResolver::new);
        let cache = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        let skew = SharedInterceptor::new(ServiceClockSkewInterceptor::new());
        Self { caller, config: config.clone(), identity, cache, skew }
    }

    /// Calls a reading operation. With [`Protocol::Query`] and [`Protocol::RestJson`] the members of `parameters` are texts, with the former under their
    /// flattened names, such as `SubnetId.1`; its answer is the document's tree, lists as arrays under `item`.
    pub(super) async fn read(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        parameters: &Value,
    ) -> Result<Value, AwsError> {
        let protocol = service.protocol;
        let request = self.request(service, operation, move |response| protocol.answer(response));
        let plain = protocol.request(operation.name, "", parameters);
        self.caller.read(operation, || request.invoke(plain.clone())).await
    }

    /// Reads a document of XML at a path below the service's; the members of `parameters` are texts.
    pub(super) async fn get<T>(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        below: &str,
        parameters: &Value,
    ) -> Result<T, AwsError>
    where
        T: DeserializeOwned + fmt::Debug + Send + Sync + 'static,
    {
        let protocol = service.protocol;
        let request = self.request(service, operation, move |response| protocol.document(response));
        let plain = protocol.request(operation.name, below, parameters);
        self.caller.read(operation, || request.invoke(plain.clone())).await
    }

    /// Changes something by sending a document of XML to a path below the service's. Nothing is read of the answer.
    pub(super) async fn post(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        below: &str,
        body: &str,
    ) -> Result<(), AwsError> {
        let protocol = service.protocol;
        let request = self.request(service, operation, move |response| protocol.accepted(response));
        let uri = format!("{}{below}", protocol.path());
        let plain = Plain::post(uri, "application/xml", body.to_owned());
        self.caller.change(operation, || request.invoke(plain.clone())).await
    }

    fn request<T>(
        &self,
        service: &'static Service,
        operation: &'static Operation,
        answer: impl Fn(&HttpResponse) -> Result<T, OrchestratorError<Refusal>> + Send + Sync + 'static,
    ) -> Request<Plain, T, Refusal>
    where
        T: fmt::Debug + Send + Sync + 'static,
    {
        let mut components = RuntimeComponentsBuilder::new("signed");
        components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
            StaticAuthSchemeOptionResolver::new(vec![sigv4::SCHEME_ID]),
        )));
        components.push_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()));
        components.set_identity_cache(Some(self.cache.clone()));
        components.push_interceptor(self.skew.clone());
        if let Some(identity) = &self.identity {
            components.set_identity_resolver(sigv4::SCHEME_ID, identity.clone());
        }
        let region = Region::new(self.caller.region.clone());
        let mut layer = Layer::new("signed");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigningName::from_static(service.name));
        layer.store_put(SigningRegion::from(region.clone()));
        if let Some(disabled) = self.config.disable_clock_skew_correction() {
            layer.store_put(DisableClockSkewCorrection::from(disabled));
        }
        let mut signing_options = SigningOptions::default();
        signing_options.signature_type = HttpSignatureType::HttpRequestHeaders;
        let mut signing = SigV4OperationSigningConfig::default();
        (signing.region, signing.name, signing.signing_options) =
            (Some(SigningRegion::from(region)), Some(SigningName::from_static(service.name)), signing_options);
        layer.store_put(signing);
        let plugin = StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);

        let mut request = Request::builder()
            .service_name(service.id)
            .operation_name(operation.name)
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
        request.serializer(Plain::http).deserializer(answer).build()
    }

    /// The configured endpoint (`AWS_ENDPOINT_URL_…`, `AWS_ENDPOINT_URL`, profiles), or the service's own.
    fn endpoint(&self, service: &Service) -> String {
        let key = ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let of_service =
            || key.build().ok().and_then(|key| self.config.service_config().and_then(|all| all.load_config(key)));
        let configured = of_service().or_else(|| self.config.endpoint_url().map(str::to_owned));
        let region = &self.caller.region;
        let suffix = Partition::of(region).dns_suffix;
        configured.unwrap_or_else(|| match service.place {
            Place::Region(host) => format!("https://{host}.{region}.{suffix}"),
            Place::Rules(rules) => rules(&self.config).unwrap_or_else(|| format!("https://{}.{suffix}", service.name)),
        })
    }
}
