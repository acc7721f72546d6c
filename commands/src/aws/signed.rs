//! Calls to services of which a few operations are needed, and whose SDK is a crate of half a minute's build. The request is written here; AWS's own
//! library signs it (SigV4), and the SDK's runtime sends it, so that `Caller` bounds it and reads its failures like any other call.

use std::{error::Error, fmt};

use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::orchestrator::operation;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::SharedHttpClient,
        orchestrator::{HttpRequest, HttpResponse, OrchestratorError},
        result::SdkError,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    error::{ErrorMetadata, metadata::ProvideErrorMetadata},
    timeout::TimeoutConfig,
};
use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use http::Request;
use serde_json::Value;
use url::Url;

use super::CONNECT;
use crate::partition::Partition;

/// A service as it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    /// Its id in AWS's models, such as `API Gateway`: `AWS_ENDPOINT_URL_API_GATEWAY` and profiles name it so.
    pub(super) id: &'static str,
    /// First label of its host names.
    pub(super) host: &'static str,
    /// Its name in the signature's scope.
    pub(super) signing_name: &'static str,
}

/// Sends signed requests to one service in one region.
#[derive(Debug)]
pub(super) struct SignedClient {
    api: &'static Api,
    config: SdkConfig,
    http: SharedHttpClient,
}

/// What a service answered instead of success: its code and message, as its protocol carries them.
#[derive(Debug)]
pub(super) struct ServiceRefusal(ErrorMetadata);

impl SignedClient {
    pub(super) fn new(api: &'static Api, config: &SdkConfig) -> Self {
        let default = || Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
        Self { api, http: config.http_client().unwrap_or_else(default), config: config.clone() }
    }

    /// Sends a request whose URI is path and query alone, and reads the answer's body.
    pub(super) async fn send<T>(
        &self,
        request: Request<Vec<u8>>,
        read: impl Fn(&[u8]) -> Result<T, BoxError> + Send + Sync + 'static,
    ) -> Result<T, SdkError<ServiceRefusal, HttpResponse>>
    where
        T: fmt::Debug + Send + Sync + 'static,
    {
        let endpoint = self.endpoint().map_err(SdkError::construction_failure)?;
        let signed = self.sign(&endpoint, request).await.map_err(SdkError::construction_failure)?;
        let operation = operation::Operation::builder()
            .service_name(self.api.id)
            .operation_name("signed")
            .http_client(self.http.clone())
            .endpoint_url(&endpoint)
            .no_auth()
            .no_retry()
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
        let operation = match self.config.sleep_impl() {
            Some(sleep) => operation.sleep_impl(sleep),
            None => operation,
        };
        let operation = match self.config.time_source() {
            Some(time) => operation.time_source(time),
            None => operation,
        };
        let operation = operation
            .serializer(move |()| Ok(HttpRequest::try_from(signed.clone().map(SdkBody::from))?))
            .deserializer(move |response: &HttpResponse| {
                let body = response.body().bytes().unwrap_or_default();
                match response.status().is_success() {
                    true => read(body).map_err(OrchestratorError::other),
                    false => Err(OrchestratorError::operation(ServiceRefusal(refusal(response, body)))),
                }
            })
            .build();
        operation.invoke(()).await
    }

    /// Where the service is in this region: as the environment or the profile says, otherwise by its partition.
    fn endpoint(&self) -> Result<String, BoxError> {
        let id = self.api.id;
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build()?;
        let configured = self.config.service_config().and_then(|services| services.load_config(key));
        let endpoint = configured.or_else(|| self.config.endpoint_url().map(str::to_owned));
        if let Some(endpoint) = endpoint {
            return Ok(endpoint.trim_end_matches('/').to_owned());
        }
        let region = self.region()?;
        let fips = if self.config.use_fips() == Some(true) { "-fips" } else { "" };
        Ok(format!("https://{}{fips}.{region}.{}", self.api.host, Partition::of(region).dns_suffix))
    }

    fn region(&self) -> Result<&str, BoxError> {
        self.config.region().map(AsRef::as_ref).ok_or_else(|| "no region is configured".into())
    }

    async fn sign(&self, endpoint: &str, request: Request<Vec<u8>>) -> Result<Request<Vec<u8>>, BoxError> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| CredentialsError::not_loaded("no credentials provider is configured"))?;
        let identity = provider.provide_credentials().await?.into();
        let time = self.config.time_source().ok_or("no clock is configured")?.now();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region()?)
            .name(self.api.signing_name)
            .time(time)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let target = Url::parse(&format!("{endpoint}{}", request.uri()))?;
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.as_str().to_owned(), value.to_str()?.to_owned())))
            .collect::<Result<_, http::header::ToStrError>>()?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            target.as_str(),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(request.body()),
        )?;
        let (instructions, _signature) = sign(signable, &parameters)?.into_parts();
        let mut request = request;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// Code and message of a refusal in JSON: the code is in a header, or in the body under one of two names.
fn refusal(response: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str());
    // `namespace#Code:url`, of which only the code is always there.
    let code = response.headers().get("x-amzn-errortype").or_else(|| text(&["__type", "code"]));
    let bare = code.map(|code| code.split(':').next().unwrap_or(code).rsplit('#').next().unwrap_or(code));
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = bare {
        metadata = metadata.code(code);
    }
    if let Some(message) = text(&["message", "Message"]) {
        metadata = metadata.message(message);
    }
    metadata.build()
}

impl ProvideErrorMetadata for ServiceRefusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl fmt::Display for ServiceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for ServiceRefusal {}
