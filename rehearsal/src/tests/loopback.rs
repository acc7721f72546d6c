//! The same world over sockets, in real time.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{Disturbance, Fault, Pair, Scenario, Service, Side, Target, World};

/// Serves a world of two applications; gives the port of its APIs and that of DR's public endpoint of the first.
async fn serve() -> (World, u16, u16) {
    let world = World::new(Scenario::of([Pair::named("shop", 1), Pair::named("desk", 2)]));
    let (apis, public) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let ports = (apis.local_addr().unwrap().port(), public.local_addr().unwrap().port());
    let (served, visited) = (world.clone(), world.clone());
    tokio::spawn(async move { served.serve(apis).await });
    tokio::spawn(async move { visited.serve_public("shop", Side::Dr, public).await });
    (world, ports.0, ports.1)
}

async fn send(port: u16, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn signed(region: &str) -> String {
    let scope = format!("AWS4-HMAC-SHA256 Credential=AK/20261123/{region}/rds/aws4_request, Signature=x");
    format!("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {scope}")
}

#[tokio::test]
async fn region_and_service_come_from_the_signature() {
    let (_, apis, _) = serve().await;
    let clusters = "Action=DescribeDBClusters";
    let (west, east) =
        (send(apis, &signed("us-west-2"), clusters).await, send(apis, &signed("us-east-1"), clusters).await);
    assert!(west.contains("<DBClusterIdentifier>shop-dr<") && west.contains("<DBClusterIdentifier>desk-dr<"), "{west}");
    assert!(east.contains("<DBClusterIdentifier>shop-primary<"), "{east}");
}

#[tokio::test]
async fn unsigned_requests_visit_the_host_they_name() {
    let (_, apis, public) = serve().await;
    let visit = async |port, host: &str| send(port, &format!("GET /health HTTP/1.1\r\nHost: {host}"), "").await;
    for host in ["app.shop.example", "app.desk.example:443"] {
        let answer = visit(apis, host).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("us-east-1"), "{answer}");
    }
    assert!(visit(apis, "elsewhere.example").await.starts_with("HTTP/1.1 403"));
    let idle = visit(public, "127.0.0.1").await;
    assert!(idle.starts_with("HTTP/1.1 503") && idle.contains("us-west-2"), "{idle}");
}

#[tokio::test]
async fn a_reset_closes_the_connection_without_an_answer() {
    let (world, apis, _) = serve().await;
    world.inject(Fault::calls(Target::service(Service::Rds), Disturbance::Reset));
    assert_eq!(send(apis, &signed("us-west-2"), "Action=DescribeDBClusters").await, "");
}

#[tokio::test]
async fn an_unknown_application_has_no_endpoint() {
    let (world, ..) = serve().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = world.serve_public("nope", Side::Dr, listener).await.unwrap_err();
    assert_eq!(error.to_string(), "application nope is not in the scenario");
}
