//! Traffic to the pair's public endpoints: API Gateway's custom domain in front of a region's stack.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

use crate::{
    exchange::{PublicEndpoint, find},
    region::Region,
    simulation::Simulation,
    world::World,
};

/// Status and text of an answer.
type Answer = (StatusCode, &'static str);

impl World {
    /// The endpoint's answer to a request; never comes back if its region is dark.
    pub(crate) async fn visit(
        &self,
        endpoint: &PublicEndpoint,
        any_host: bool,
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let host = host(request);
        let duration = self.with(|simulation| {
            let drawn = format!("visit/{}/{:?}/{}", endpoint.application, endpoint.side, simulation.now);
            simulation.dice.between(simulation.durations().public, &drawn)
        });
        tokio::time::sleep(duration).await;
        match self.with(|simulation| answer(simulation, endpoint, (!any_host).then_some(host))) {
            Some((answer, region)) => {
                let stead =
                    self.with(|simulation| simulation.faults.endpoint_answer(&endpoint.application, endpoint.side));
                instead(response(answer, &region), stead)
            }
            None => std::future::pending().await,
        }
    }
}

/// What the region's stack says to a request for `host`, if it says anything.
fn answer(simulation: &mut Simulation, endpoint: &PublicEndpoint, host: Option<&str>) -> Option<(Answer, Region)> {
    let pair = find(simulation, &endpoint.application)?.clone();
    let site = pair.site(endpoint.side);
    if simulation.is_dark(&site.region) {
        return None;
    }
    let answer = if host.is_some_and(|host| host != pair.host() && host != site.endpoint.dns_name) {
        // API Gateway's answer to a domain name that it does not have.
        (StatusCode::FORBIDDEN, "Forbidden")
    } else {
        match simulation.visit(&pair, endpoint.side) {
            Ok(()) => (StatusCode::OK, "ok"),
            Err(unable) => (StatusCode::SERVICE_UNAVAILABLE, unable.as_str()),
        }
    };
    Some((answer, site.region.clone()))
}

/// The answer of whatever stands before the stack, where something does.
fn instead(mut response: Response<Bytes>, stead: Option<(u16, Option<String>)>) -> Response<Bytes> {
    let Some((status, location)) = stead else { return response };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(location) = location.and_then(|location| location.parse().ok()) {
        response.headers_mut().insert(http::header::LOCATION, location);
    }
    response
}

/// Host that a request asks for, without port.
pub(crate) fn host(request: &Request<Bytes>) -> &str {
    let header = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or(request.uri().host()).unwrap_or_default();
    host.split(':').next().unwrap_or(host)
}

fn response((status, text): Answer, region: &Region) -> Response<Bytes> {
    let mut response = Response::new(json!({"status": text, "region": region}).to_string().into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
