//! The simulated world as its users hold it.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{dns::SharedDnsResolver, http::SharedHttpClient};
use jiff::Timestamp;
use tokio::{net::TcpListener, time::Instant};

use crate::{
    connector::Connector,
    durations::CriticalPath,
    exchange::PublicEndpoint,
    fault::{Fault, FaultId},
    interference::{Interfered, Interference},
    ledger::Call,
    pair::{Pair, Side},
    resolver::Resolver,
    scenario::Scenario,
    server,
    simulation::{Simulation, agenda::Event},
    snapshot::Snapshot,
    terraform::TerraformError,
};

/// Simulated AWS regions with a clock. Clones are the same world.
///
/// Its clock is tokio's: with paused time a failover takes milliseconds, and repeats exactly with the same seed.
#[derive(Debug, Clone)]
pub struct World {
    inner: Arc<Inner>,
}

/// Addresses that a caching resolver holds, and until when, by name and type.
type Names = BTreeMap<(String, &'static str), (IpAddr, Timestamp)>;

#[derive(Debug)]
struct Inner {
    started: Instant,
    epoch: Timestamp,
    simulation: Mutex<Simulation>,
    /// Answers that the world's resolver still remembers, and until when.
    names: Mutex<Names>,
}

impl World {
    /// A world as the scenario describes it, whose clock starts now. To be called inside a tokio runtime.
    pub fn new(scenario: Scenario) -> Self {
        let epoch = scenario.epoch;
        let simulation = Mutex::new(Simulation::new(scenario));
        let names = Mutex::default();
        Self { inner: Arc::new(Inner { started: Instant::now(), epoch, simulation, names }) }
    }

    /// The simulated time.
    pub fn now(&self) -> Timestamp {
        self.inner.epoch + self.inner.started.elapsed()
    }

    /// The applications, with every name that a configuration needs.
    pub fn pairs(&self) -> Vec<Pair> {
        self.with(|simulation| simulation.scenario.pairs.clone())
    }

    /// An HTTP client for the SDK that reaches this world without a socket: signed requests are API calls, by region
    /// and service of their signature; others go to the public endpoint that the world's resolver finds for their host.
    pub fn http_client(&self) -> SharedHttpClient {
        self.http_client_resolving(self.resolver())
    }

    /// The same, with another resolver for the public endpoints: the host stays the public name, the address is
    /// whatever `dns` says.
    pub fn http_client_resolving(&self, dns: SharedDnsResolver) -> SharedHttpClient {
        SharedHttpClient::new(Connector::new(self.clone(), dns))
    }

    /// The world's resolver. It caches answers until their TTL has run out, for all who use this world.
    pub fn resolver(&self) -> SharedDnsResolver {
        SharedDnsResolver::new(Resolver::new(self.clone()))
    }

    /// Serves the world's APIs and public endpoints over loopback HTTP until it is dropped: one port for all regions
    /// and services, told apart by the signature's credential scope. Any credentials are accepted. Unsigned requests
    /// are traffic to the public endpoint that their host resolves to.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        server::serve(self.clone(), None, listener).await
    }

    /// Serves one side's public endpoint of an application over loopback HTTP, whatever host is asked for.
    ///
    /// # Errors
    /// When there is no such application, or the listener fails.
    pub async fn serve_public(&self, application: &str, side: Side, listener: TcpListener) -> std::io::Result<()> {
        let found = self.with(|simulation| simulation.scenario.pairs.iter().any(|pair| pair.name == application));
        if !found {
            let message = format!("application {application} is not in the scenario");
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, message));
        }
        server::serve(self.clone(), Some(PublicEndpoint { application: application.to_owned(), side }), listener).await
    }

    /// Makes something go wrong from now on.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.inject_after(Duration::ZERO, fault)
    }

    /// Makes something go wrong later.
    pub fn inject_after(&self, after: Duration, fault: Fault) -> FaultId {
        self.with(|simulation| {
            let id = simulation.faults.announce(fault);
            simulation.later(after, Event::FaultBegins(id));
            id
        })
    }

    /// Ends a fault, or calls it off.
    pub fn clear(&self, id: FaultId) {
        self.with(|simulation| simulation.end_fault(id));
    }

    /// Ends a fault later.
    pub fn clear_after(&self, after: Duration, id: FaultId) {
        self.with(|simulation| simulation.later(after, Event::FaultEnds(id)));
    }

    /// Ends all faults and calls off those announced.
    pub fn clear_all(&self) {
        self.with(|simulation| simulation.faults.ids().into_iter().for_each(|id| simulation.end_fault(id)));
    }

    /// Every API call so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.with(|simulation| simulation.ledger.clone())
    }

    /// Somebody beside the bot does something to an application.
    ///
    /// # Errors
    /// AWS's code and words, where it refuses that.
    pub fn interfere(&self, application: &str, what: Interference) -> Result<(), String> {
        let result = self.with(|simulation| simulation.interfere(application, what));
        result.map_err(|refusal| format!("{}: {}", refusal.code, refusal.message))
    }

    /// What others did so far, oldest first.
    pub fn interferences(&self) -> Vec<Interfered> {
        self.with(|simulation| simulation.interferences.clone())
    }

    /// The state of every application.
    pub fn state(&self) -> Snapshot {
        self.with(|simulation| Snapshot::of(simulation))
    }

    /// How long an application's first promote must take at least in this world; `None` if there is no such
    /// application.
    pub fn critical_path(&self, application: &str) -> Option<CriticalPath> {
        self.with(|simulation| {
            let pair = simulation.scenario.pairs.iter().find(|pair| pair.name == application)?;
            Some(CriticalPath::of(pair, simulation.durations(), simulation.dice))
        })
    }

    /// Begins an apply of the Terraform stack of an application's primary region, as a person would run it; it goes on
    /// by itself, and [`Snapshot`] shows how it stands. `is_aurora_secondary=true` with `aurora_source_region` creates
    /// the region's DB cluster as a secondary, with its instances; `is_aurora_secondary=false` restores the settings of
    /// steady state, and touches no data.
    ///
    /// # Errors
    /// When the variables do not fit, the old cluster still exists, the region is dark, or an apply is under way.
    pub fn apply_terraform(
        &self,
        application: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), TerraformError> {
        self.with(|simulation| simulation.apply_terraform(application, variables))
    }

    /// Looks at the simulation as it is now.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Simulation) -> T) -> T {
        let now = self.now();
        let mut simulation = lock(&self.inner.simulation);
        simulation.advance(now);
        look(&mut simulation)
    }

    /// Address of a name, by a query of type `A` or `AAAA`, as a caching resolver knows it; `None` if there is none.
    pub(crate) fn resolve(&self, name: &str, kind: &'static str) -> Option<IpAddr> {
        let now = self.now();
        let asked = (name.to_owned(), kind);
        let remembered =
            lock(&self.inner.names).get(&asked).filter(|(_, until)| now < *until).map(|(address, _)| *address);
        remembered.or_else(|| {
            let (address, ttl) =
                self.with(|simulation| Some((simulation.dns.resolve(name, kind)?, simulation.durations().alias_ttl)))?;
            lock(&self.inner.names).insert(asked, (address, now + ttl));
            Some(address)
        })
    }
}

/// Nothing here panics while it holds a lock: what a poisoned one guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
