//! The log against what its parts cost, in one run: `cargo bench -p storage`. Records of about 500 bytes; times depend on the disk, so the ratios are what counts.
//!
//! `cargo bench -p storage -- FOLDER [RECORDS]` uses that folder's disk, and so many records instead of a million.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    fs::File,
    io::{BufReader, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use storage::{
    Actor, Clock, Entry, Filter, Log, Origin, Reader, SigningKey,
    export::{self, Format, Selection},
    verify::{Trust, verify_with},
};

/// Appends that are timed one by one.
const ONE_BY_ONE: usize = 2_000;
/// Entries that wait at the same time.
const BATCH: usize = 64;
/// So many times.
const ROUNDS: usize = 400;

fn entry(n: u64) -> Entry {
    Entry {
        actor: Actor::Slack { team: "T0SHOP".into(), user: "U0MAYA00001".into(), name: Some("Maya".into()) },
        origin: Origin::Slack { channel: "C0INCIDENT1".into(), message: None },
        application: Some("shop".into()),
        run: Some(format!("promote-{}", n / 60)),
        step: Some("database".into()),
        event: "step.observed".into(),
        dedupe: None,
        data: json!({ "detail": format!("{n}: the cluster in us-west-2 is the writer; the one in us-east-1 is not reachable") }),
    }
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6
}

/// The most memory that this process had so far, in MiB, since it was last asked.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    // "5" starts the count anew (proc(5), clear_refs).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    kilobytes / 1024.0
}

/// Times some work, and tells with the memory that it took.
async fn told<T>(what: &str, records: u64, work: impl Future<Output = T>) -> T {
    peak_memory();
    let began = Instant::now();
    let done = work.await;
    let took = began.elapsed().as_secs_f64();
    println!("{what}: {took:.2} s, {:.0} records/s, at most {:.0} MiB in memory", records as f64 / took, peak_memory());
    done
}

/// One write and one sync for each of the lines.
fn raw(path: &Path, lines: &[Vec<u8>], batch: usize) -> Vec<Duration> {
    let mut file = File::options().create_new(true).append(true).open(path).unwrap();
    let write = |lines: &[Vec<u8>]| {
        let began = Instant::now();
        file.write_all(&lines.concat()).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    };
    lines.chunks(batch).map(write).collect()
}

async fn appends(dir: &Path) {
    // In turn, so that both see the same disk.
    let log = Log::open(&dir.join("single"), Clock::system()).await.unwrap();
    let mut times = (Vec::new(), Vec::new());
    let mut file = File::options().create_new(true).append(true).open(dir.join("raw")).unwrap();
    let segment = dir.join("single/segments/00000000000000000000.jsonl");
    log.append(entry(0)).await.unwrap();
    let line = std::fs::read(&segment).unwrap();
    for n in 1..=ONE_BY_ONE as u64 {
        let began = Instant::now();
        log.append(entry(n)).await.unwrap();
        times.0.push(began.elapsed());
        let began = Instant::now();
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
        times.1.push(began.elapsed());
    }
    log.close().await;
    let (ours, floor) = (percentile(&mut times.0, 50), percentile(&mut times.1, 50));
    let (ours99, floor99) = (percentile(&mut times.0, 99), percentile(&mut times.1, 99));
    println!(
        "one at a time, p50: {ours:.0} µs against {floor:.0} µs of a bare write and fdatasync: {:.2} ×",
        ours / floor
    );
    println!("one at a time, p99: {ours99:.0} µs against {floor99:.0} µs: {:.2} ×", ours99 / floor99);

    let alone = raw(&dir.join("raw-again"), &vec![line.clone(); ONE_BY_ONE], 1);
    let floor = ONE_BY_ONE as f64 / alone.iter().sum::<Duration>().as_secs_f64();
    println!("a bare write and fdatasync each: {floor:.0} records/s");
    // With two groups one is prepared while the other is written; with one the disk waits for the task, and the task for the disk.
    for (groups, name) in [(2, "two groups in turn"), (1, "one group")] {
        let rate = batches(&dir.join(format!("batches-{groups}")), groups).await;
        println!("in batches of {BATCH}, {name}: {rate:.0} records/s: {:.1} ×", rate / floor);
    }
    let together = raw(&dir.join("raw-batches"), &vec![line; ROUNDS * BATCH], BATCH);
    let rate = (ROUNDS * BATCH) as f64 / together.iter().sum::<Duration>().as_secs_f64();
    println!("in batches of {BATCH}, a bare write and fdatasync each: {rate:.0} records/s: {:.1} ×", rate / floor);
}

/// Records per second of tasks that each append [`BATCH`] entries, wait for all of them, and begin again.
async fn batches(store: &Path, groups: usize) -> f64 {
    let log = Log::open(store, Clock::system()).await.unwrap();
    let began = Instant::now();
    let groups = (0..groups).map(|group| {
        let (log, rounds) = (log.clone(), (group..ROUNDS).step_by(groups));
        tokio::spawn(async move {
            for round in rounds {
                let waiting = (0..BATCH).map(|n| log.append(entry((round * BATCH + n) as u64)));
                futures::future::try_join_all(waiting).await.unwrap();
            }
        })
    });
    futures::future::try_join_all(groups).await.unwrap();
    let rate = (ROUNDS * BATCH) as f64 / began.elapsed().as_secs_f64();
    log.close().await;
    rate
}

async fn large(dir: &Path, size: u64) {
    let store = dir.join("large");
    let log = Log::open(&store, Clock::system()).await.unwrap();
    told("filled", size, async {
        for first in (0..size).step_by(256) {
            let waiting = (first..size.min(first + 256)).map(|n| log.append(entry(n)));
            futures::future::try_join_all(waiting).await.unwrap();
        }
    })
    .await;
    let key: Arc<SigningKey> = Arc::new(SigningKey::generate("bench").unwrap().parse().unwrap());
    let checkpoint = key.sign(log.head()).unwrap();
    log.close().await;
    drop(log);

    let log = told("start-up", size, Log::open(&store, Clock::system())).await.unwrap();
    log.close().await;
    let reader = told("opened for reading", size, Reader::open(&store)).await.unwrap();
    let run = Filter { run: Some(format!("promote-{}", size / 120)), ..Filter::default() };
    for (name, filter, format) in [
        ("whole", Filter::default(), Format::Jsonl),
        ("whole-csv", Filter::default(), Format::Csv),
        ("part", run, Format::Jsonl),
    ] {
        let selection = Selection { filter, format, checkpoint: Some(checkpoint.clone()) };
        let (path, beside) = (dir.join(name), dir.join(format!("{name}.proofs")));
        let exported = told(&format!("export, {name}"), size, async {
            let mut out = tokio::fs::File::create(&path).await.unwrap();
            let mut proofs = tokio::fs::File::create(&beside).await.unwrap();
            let beside = (format != Format::Jsonl).then_some(&mut proofs);
            export::select(&reader, &selection, &mut out, beside, |_, _| {}).await.unwrap()
        })
        .await;
        let bytes = std::fs::metadata(&path).unwrap().len();
        println!("  {} records, {bytes} bytes", exported.records);
        let trust = Trust {
            keys: Some(key.public().parse().unwrap()),
            witnesses: vec![checkpoint.clone()],
            ..Trust::default()
        };
        told(&format!("verification, {name}"), size, async {
            let proofs = (format != Format::Jsonl).then(|| BufReader::new(File::open(&beside).unwrap()));
            verify_with(BufReader::new(File::open(&path).unwrap()), proofs, trust).unwrap()
        })
        .await;
    }
    let head = reader.head();
    told("an inclusion proof", 1, async { reader.inclusion(size / 2, head).await.unwrap().unwrap() }).await;
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let folder = arguments.first().map_or_else(std::env::temp_dir, PathBuf::from);
    let size = arguments.get(1).map_or(1_000_000, |size| size.parse().unwrap());
    let dir = tempfile::tempdir_in(folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let store = dir.path().to_owned();
    // As a task, since those who append are tasks of the program's.
    let benches = runtime.spawn(async move {
        appends(&store).await;
        large(&store, size).await;
    });
    runtime.block_on(benches).unwrap();
}
