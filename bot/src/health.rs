//! `standby health`: asks the bot of this host whether it is alive, for the health check of a container that has no other program.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{config::Config, failure::Failure};

/// A bot that takes longer to say that it is alive is not.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the bot that the configuration describes.
///
/// # Errors
/// When it does not answer, or not well.
pub fn health(path: &Path) -> Result<(), Failure> {
    let config = Config::load(path)?;
    let address = here(config.http.listen);
    ask(address).with_context(|| format!("the bot at {address} is not alive"))?;
    Ok(())
}

/// Where a program on the same host reaches who listens at that address.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    // In one piece: whoever answers after the first of several would reset the others.
    connection.write_all(format!("GET /healthz HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut status = [0; "HTTP/1.1 200".len()];
    connection.read_exact(&mut status)?;
    ensure!(status.ends_with(b" 200"), "it answered {:?}", String::from_utf8_lossy(&status));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn answering(answer: &'static str) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            let length = connection.read(&mut asked).unwrap();
            assert!(asked[..length].starts_with(b"GET /healthz HTTP/1.0\r\n"));
            connection.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn who_answers_well_is_alive() {
        ask(answering("HTTP/1.1 200 OK\r\n\r\nalive\n")).unwrap();
        let error = ask(answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
        ask(answering("")).unwrap_err();
    }

    #[test]
    fn any_address_is_asked_on_loopback() {
        assert_eq!(here("0.0.0.0:8080".parse().unwrap()).to_string(), "127.0.0.1:8080");
        assert_eq!(here("[::]:8080".parse().unwrap()).to_string(), "[::1]:8080");
        assert_eq!(here("10.0.0.7:8080".parse().unwrap()).to_string(), "10.0.0.7:8080");
    }
}
