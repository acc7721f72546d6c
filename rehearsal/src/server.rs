//! The world over loopback HTTP.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    aws::protocol,
    exchange::{ConnectionReset, Destination, PublicEndpoint},
    visit,
    world::World,
};

/// Largest body that is read: more than any of the operations needs.
const BODY: usize = 1 << 20;

/// Accepts connections until it is dropped. With `endpoint`, unsigned and signed requests alike are traffic to it.
pub(crate) async fn serve(
    world: World,
    endpoint: Option<PublicEndpoint>,
    listener: TcpListener,
) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                connections.spawn(converse(world.clone(), endpoint.clone(), stream));
            }
        }
    }
}

async fn converse(world: World, endpoint: Option<PublicEndpoint>, stream: TcpStream) {
    let service = service_fn(|request| respond(&world, endpoint.as_ref(), request));
    // An error is a client that went away, or a reset that a fault asked for: hyper closes the connection.
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection ended");
    }
}

async fn respond(
    world: &World,
    endpoint: Option<&PublicEndpoint>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, ConnectionReset> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "request body cannot be read or is too large"));
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let Some(destination) = destination(world, endpoint, &request) else {
        return Ok(plain(StatusCode::FORBIDDEN, "neither signed nor for a host of this world"));
    };
    world.connect(&destination).await;
    Ok(world.answer(destination, request).await?.map(Full::new))
}

fn destination(world: &World, endpoint: Option<&PublicEndpoint>, request: &Request<Bytes>) -> Option<Destination> {
    if let Some(endpoint) = endpoint {
        return Some(Destination::Public { endpoint: endpoint.clone(), any_host: true });
    }
    if let Some(scope) = protocol::scope(request.headers()) {
        return Some(Destination::Api(scope));
    }
    let endpoint = world.endpoint_at(world.resolve(visit::host(request), "A")?)?;
    Some(Destination::Public { endpoint, any_host: false })
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
