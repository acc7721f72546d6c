//! The process that is killed: it appends as fast as it can, and tells what was acknowledged.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use storage::Appended;

use crate::store::{block_on, entry, open};

/// The argument that makes this program the child.
pub(crate) const MODE: &str = "append-until-killed";
/// Callers that wait at the same time.
pub(crate) const CALLERS: u64 = 16;

/// Appends until it is killed, or the log takes no more.
pub(crate) fn append(dir: &Path) -> ! {
    let life = std::process::id();
    block_on(async {
        let log = open(dir).await.expect("a log that opens");
        let callers = (0..CALLERS).map(|caller| {
            let log = log.clone();
            async move {
                for n in 0_u64.. {
                    let id = format!("{life}/{caller}/{n}");
                    let Ok(Appended::New(record)) = log.append(entry(&id)).await else { return };
                    // One write, so that a kill leaves whole lines or nothing.
                    std::io::stdout().lock().write_all(format!("{} {id}\n", record.seq).as_bytes()).unwrap();
                }
            }
        });
        futures::future::join_all(callers).await;
    });
    std::process::exit(3)
}

/// A life of the child.
pub(crate) struct Life {
    child: Child,
    reading: std::thread::JoinHandle<()>,
    told: Arc<Mutex<BTreeMap<u64, String>>>,
    first: std::sync::mpsc::Receiver<()>,
}

impl Life {
    /// Starts it.
    pub(crate) fn begin(dir: &Path) -> Self {
        let own = std::env::current_exe().unwrap();
        let mut child =
            Command::new(own).arg(MODE).arg(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (say, first) = std::sync::mpsc::channel();
        let told: Arc<Mutex<BTreeMap<u64, String>>> = Arc::default();
        let hears = Arc::clone(&told);
        let reading = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some((seq, id)) = line.split_once(' ') {
                    hears.lock().unwrap().insert(seq.parse().unwrap(), id.to_owned());
                    let _heard = say.send(());
                }
            }
        });
        Self { child, reading, told, first }
    }

    /// Waits for the first acknowledgement, and then so long.
    pub(crate) fn goes_on(&self, time: Duration) {
        self.first.recv_timeout(Duration::from_secs(120)).expect("the child acknowledges something");
        let end = Instant::now() + time;
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
    }

    /// What it has acknowledged so far.
    pub(crate) fn told(&self) -> BTreeMap<u64, String> {
        self.told.lock().unwrap().clone()
    }

    /// Kills it; what it had acknowledged, and the last number of each caller with its life's name.
    pub(crate) fn end(mut self) -> (u32, BTreeMap<u64, String>) {
        let life = self.child.id();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reading.join().unwrap();
        let told = self.told.lock().unwrap().clone();
        (life, told)
    }
}

/// Whether the life may have asked for that entry: each caller asks for the next one only when the one before was acknowledged.
pub(crate) fn may_have_asked(life: u32, told: &BTreeMap<u64, String>, id: &str) -> bool {
    let parts: Vec<u64> = id.split('/').map(|part| part.parse().unwrap()).collect();
    let [by, caller, n] = parts[..] else { return false };
    // A kill may fall between the acknowledgement and its line.
    let seen = told.values().filter(|told| told.starts_with(&format!("{life}/{caller}/"))).count() as u64;
    by == u64::from(life) && caller < CALLERS && n <= seen + 1
}
