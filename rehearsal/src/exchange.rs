//! One request and its answer: where it goes, how long it takes, what disturbs it. In-process and loopback share this
//! way.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

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
        dns::six_of,
        refusal::{Refusal, Result as Answer},
    },
    snapshot::Snapshot,
    world::World,
};

/// How far a signature's time may be from AWS's.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Destination {
    /// An API, by the request's signature.
    Api(Scope),
    /// A public endpoint.
    Public {
        /// Whose.
        endpoint: PublicEndpoint,
        /// Whether any host is taken for the application's name.
        any_host: bool,
    },
}

/// One side's public endpoint of an application.
#[derive(Debug, Clone)]
pub(crate) struct PublicEndpoint {
    pub(crate) application: String,
    pub(crate) side: Side,
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
    pub(crate) fn endpoint_at(&self, address: IpAddr) -> Option<PublicEndpoint> {
        self.with(|simulation| {
            let mut sites = simulation.sites();
            let (pair, side, _) =
                sites.find(|(_, _, site)| [site.endpoint.address, six_of(site.endpoint.address)].contains(&address))?;
            Some(PublicEndpoint { application: pair.name.clone(), side })
        })
    }

    /// Comes back when a connection could be made; never, if nothing answers there now.
    pub(crate) async fn connect(&self, destination: &Destination) {
        let dark = self.with(|simulation| match destination {
            Destination::Api(scope) => is_unreachable(simulation, scope.service(), scope.region()),
            Destination::Public { endpoint, .. } => find(simulation, &endpoint.application)
                .is_some_and(|pair| simulation.is_dark(&pair.site(endpoint.side).region)),
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
            Destination::Public { endpoint, any_host } => Ok(self.visit(&endpoint, any_host, &request).await),
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
        let (arrival, request_id, date) = self.with(|simulation| {
            let before = aws::is_changing(&call.operation).then(|| Arc::new(Snapshot::of(simulation)));
            let arrival = arrive(simulation, &call);
            let date = simulation.faults.signatures_expire().then_some(simulation.now);
            let number = simulation.ledger.len();
            record(simulation, &call, &arrival, before);
            (arrival, dice::uuid(&format!("request/{number}")), date)
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
                Ok(dated(response(protocol, &call, &request_id, &outcome), date))
            }
            _ => std::future::pending().await,
        }
    }
}

/// Lets a call happen, or not.
fn arrive(simulation: &mut Simulation, call: &ApiCall) -> Arrival {
    if is_unreachable(simulation, Some(call.service), &call.region) {
        return Arrival::Lost(Delivery::Never);
    }
    if let Some(refusal) = outdated(simulation, call) {
        return Arrival::Answered(Err(refusal), Delivery::Normal);
    }
    let disturbance = simulation.faults.disturb(call);
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

/// What AWS answers where a signature's time is too far from its own.
fn outdated(simulation: &Simulation, call: &ApiCall) -> Option<Refusal> {
    let signed = call.signed_at.filter(|_| simulation.faults.signatures_expire())?;
    let (now, least, most) = (simulation.now, simulation.now - TOLERATED, simulation.now + TOLERATED);
    let [signed_at, now_at, least_at, most_at] =
        [signed, now, least, most].map(|at| at.strftime(protocol::SIGNED_AT).to_string());
    let message = match signed {
        _ if signed < least => {
            format!("Signature expired: {signed_at} is now earlier than {least_at} ({now_at} - 5 min.)")
        }
        _ if signed > most => {
            format!("Signature not yet current: {signed_at} is still later than {most_at} ({now_at} + 5 min.)")
        }
        _ => return None,
    };
    let codes = ["SignatureDoesNotMatch", "InvalidSignatureException"];
    match Disturbance::unauthenticated(call.service, codes, &message) {
        Disturbance::Error { status, code, message } => Some(Refusal { status, code, message }),
        _ => None,
    }
}

/// With AWS's time, as every answer of the real one has it.
fn dated(mut response: Response<Bytes>, date: Option<Timestamp>) -> Response<Bytes> {
    let text = date.map(|date| date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = text.and_then(|text| text.parse().ok()) {
        response.headers_mut().insert(http::header::DATE, value);
    }
    response
}

/// Puts a call into the ledger.
fn record(simulation: &mut Simulation, call: &ApiCall, arrival: &Arrival, before: Option<Arc<Snapshot>>) {
    let outcome = match arrival {
        Arrival::Answered(Ok(_), _) => Outcome::Accepted,
        Arrival::Answered(Err(refusal), _) => Outcome::Refused(refusal.code.clone()),
        Arrival::Lost(_) => Outcome::Lost,
    };
    simulation.ledger.push(Call {
        at: simulation.now,
        access_key: call.access_key.clone(),
        caller: simulation.caller(&call.access_key),
        region: call.region.clone(),
        service: call.service,
        operation: call.operation.clone(),
        parameters: call.input.clone(),
        changing: before.is_some(),
        outcome,
        before,
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

/// An application of the scenario.
pub(crate) fn find<'a>(simulation: &'a Simulation, name: &str) -> Option<&'a Pair> {
    simulation.scenario.pairs.iter().find(|pair| pair.name == name)
}
