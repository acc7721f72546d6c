//! One request and its answer: where it goes, how long it takes, what disturbs it. The way in-process and loopback share.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    aws::{
        self, Service,
        protocol::{self, ApiCall, Protocol, Scope},
    },
    dice,
    fault::Disturbance,
    ledger::{Call, Outcome},
    pair::{Pair, Side},
    region::Region,
    simulation::{
        Simulation,
        refusal::{Refusal, Result as Answer},
    },
    world::World,
};

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// An API, by the request's signature.
    Api(Scope),
    /// A public endpoint.
    Public {
        /// Application and side.
        endpoint: (String, Side),
        /// Whether any host is taken for the application's name.
        any_host: bool,
    },
}

/// The connection was reset before an answer came.
#[derive(Debug, thiserror::Error)]
#[error("connection reset by peer")]
pub(crate) struct ConnectionReset;

/// What became of a call at the service.
enum Arrival {
    /// Answered, unless the answer gets lost.
    Answered(Answer<Value>, Delivery),
    /// Nothing came of it, and no answer either.
    Lost(Delivery),
}

/// How an answer gets back.
enum Delivery {
    Normal,
    Late(Duration),
    Reset,
    Never,
}

impl World {
    /// The public endpoint with that address.
    pub(crate) fn endpoint_at(&self, address: IpAddr) -> Option<(String, Side)> {
        self.with(|simulation| {
            let mut sites = simulation.sites();
            let (pair, side, _) = sites.find(|(_, _, site)| site.endpoint.address == address)?;
            Some((pair.name.clone(), side))
        })
    }

    /// Comes back when a connection could be made; never, if nothing answers there now.
    pub(crate) async fn connect(&self, destination: &Destination) {
        let dark = self.with(|simulation| match destination {
            Destination::Api(scope) => is_unreachable(simulation, scope.service(), scope.region()),
            Destination::Public { endpoint: (name, side), .. } => {
                find(simulation, name).is_some_and(|pair| simulation.is_dark(&pair.site(*side).region))
            }
        });
        if dark {
            std::future::pending::<()>().await;
        }
    }

    /// The answer to a request; never comes back if there is none.
    pub(crate) async fn answer(
        &self,
        destination: Destination,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, ConnectionReset> {
        match destination {
            Destination::Api(scope) => self.api(scope, request).await,
            Destination::Public { endpoint: (name, side), any_host } => {
                Ok(self.visit(&name, side, any_host, &request).await)
            }
        }
    }

    async fn api(&self, scope: Scope, request: Request<Bytes>) -> Result<Response<Bytes>, ConnectionReset> {
        let (parts, body) = request.into_parts();
        let protocol = protocol::protocol(&scope, &parts.headers);
        let call = match protocol::decode(scope, protocol, &parts, &body) {
            Ok(call) => call,
            Err(refusal) => return Ok(protocol::encode(protocol, "", &dice::uuid("unread"), &Err(refusal))),
        };
        let latency = self.with(|simulation| latency(simulation, &call));
        let (way, back) = (latency.mul_f64(0.5), latency.mul_f64(0.5));
        tokio::time::sleep(way).await;
        let (arrival, request_id) = self.with(|simulation| {
            let arrival = arrive(simulation, &call);
            let number = simulation.ledger.len();
            record(simulation, &call, &arrival);
            (arrival, dice::uuid(&format!("request/{number}")))
        });
        let (outcome, delivery) = match arrival {
            Arrival::Answered(outcome, delivery) => (Some(outcome), delivery),
            Arrival::Lost(delivery) => (None, delivery),
        };
        if let Delivery::Late(late) = delivery {
            tokio::time::sleep(late).await;
        }
        tokio::time::sleep(back).await;
        let gone = self.with(|simulation| is_unreachable(simulation, Some(call.service), &call.region));
        match (outcome, delivery) {
            (_, Delivery::Reset) => Err(ConnectionReset),
            (Some(outcome), Delivery::Normal | Delivery::Late(_)) if !gone => {
                Ok(response(protocol, &call, &request_id, &outcome))
            }
            _ => std::future::pending().await,
        }
    }

    async fn visit(&self, name: &str, side: Side, any_host: bool, request: &Request<Bytes>) -> Response<Bytes> {
        let host = host(request).to_owned();
        let duration = self.with(|simulation| {
            let drawn = format!("visit/{name}/{side:?}/{}", simulation.now);
            simulation.dice.between(simulation.durations().public, &drawn)
        });
        tokio::time::sleep(duration).await;
        let answer = self.with(|simulation| {
            let pair = find(simulation, name)?.clone();
            let region = pair.site(side).region.clone();
            if simulation.is_dark(&region) {
                return None;
            }
            let known = any_host || [&pair.record, &pair.site(side).endpoint.dns_name].contains(&&host);
            Some(if known {
                (simulation.visit(&pair, side).map_err(|unable| (503, unable.as_str())), region)
            } else {
                (Err((403, "Forbidden")), region)
            })
        });
        match answer {
            Some((served, region)) => public_response(served, &region),
            None => std::future::pending().await,
        }
    }
}

/// Lets a call happen, or not.
fn arrive(simulation: &mut Simulation, call: &ApiCall) -> Arrival {
    if is_unreachable(simulation, Some(call.service), &call.region) {
        return Arrival::Lost(Delivery::Never);
    }
    let disturbance = simulation.faults.disturb(call.service, &call.operation, &call.region);
    let delivery = match disturbance {
        None => Delivery::Normal,
        Some(Disturbance::Slow(late)) => Delivery::Late(late),
        Some(Disturbance::EffectThenHang) => Delivery::Never,
        Some(Disturbance::EffectThenReset) => Delivery::Reset,
        Some(Disturbance::Hang) => return Arrival::Lost(Delivery::Never),
        Some(Disturbance::Reset) => return Arrival::Lost(Delivery::Reset),
        Some(Disturbance::Error { status, code, message }) => {
            return Arrival::Answered(Err(Refusal { status, code, message }), Delivery::Normal);
        }
    };
    Arrival::Answered(aws::perform(simulation, call), delivery)
}

/// Puts a call into the ledger.
fn record(simulation: &mut Simulation, call: &ApiCall, arrival: &Arrival) {
    let outcome = match arrival {
        Arrival::Answered(Ok(_), _) => Outcome::Accepted,
        Arrival::Answered(Err(refusal), _) => Outcome::Refused(refusal.code.clone()),
        Arrival::Lost(_) => Outcome::Lost,
    };
    simulation.ledger.push(Call {
        at: simulation.now,
        region: call.region.clone(),
        service: call.service,
        operation: call.operation.clone(),
        parameters: call.input.clone(),
        changing: aws::is_changing(&call.operation),
        outcome,
    });
}

fn response(protocol: Protocol, call: &ApiCall, request_id: &str, outcome: &Answer<Value>) -> Response<Bytes> {
    protocol::encode(protocol, &call.operation, request_id, outcome)
}

/// Whether a dark region swallows the call. Route 53 is a fault of its own, see [`crate::Fault::RegionDark`].
fn is_unreachable(simulation: &Simulation, service: Option<Service>, region: &Region) -> bool {
    service != Some(Service::Route53) && simulation.is_dark(region)
}

fn latency(simulation: &Simulation, call: &ApiCall) -> Duration {
    let near = call.region == simulation.scenario.home;
    let bounds = if near { simulation.durations().api_near } else { simulation.durations().api_far };
    simulation.dice.between(bounds, &format!("latency/{}/{}/{}", call.region, call.operation, simulation.now))
}

fn find<'a>(simulation: &'a Simulation, name: &str) -> Option<&'a Pair> {
    simulation.scenario.pairs.iter().find(|pair| pair.name == name)
}

/// Host that a request asks for, without port.
pub(crate) fn host(request: &Request<Bytes>) -> &str {
    let header = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or(request.uri().host()).unwrap_or_default();
    host.split(':').next().unwrap_or(host)
}

fn public_response(served: Result<(), (u16, &str)>, region: &Region) -> Response<Bytes> {
    let (status, text) = match served {
        Ok(()) => (200, "ok"),
        Err(unable) => unable,
    };
    let mut response = Response::new(json!({"status": text, "region": region}).to_string().into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
