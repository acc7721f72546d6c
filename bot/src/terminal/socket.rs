//! The running bot's local socket. Who connects is told by the kernel (`SO_PEERCRED`), so nobody can claim to be somebody else.

use std::{
    io::{self, ErrorKind},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use commands::desk::Desk;
use storage::{Actor, Origin};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    conversation::{Link, converse},
    user,
    wire::{Opening, Said, read, write},
};
use crate::{
    audit::{Asker, Auditor, LogAsk},
    failure::Failure,
};

/// The bot's user and group may connect; what they may do is for the configuration to say.
const MODE: u32 = 0o660;
/// Most conversations at once; more wait.
const AT_ONCE: usize = 32;
/// Time for whoever connects to ask.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for what is said last to be read.
const PARTING: Duration = Duration::from_secs(2);

/// A socket that is listened at.
pub struct Listener {
    path: PathBuf,
    accepting: JoinHandle<()>,
    conversations: TaskTracker,
    stop: CancellationToken,
}

impl Listener {
    /// Ends the conversations that do not end by themselves meanwhile, and removes the socket.
    pub async fn close(self, meanwhile: Duration) {
        self.accepting.abort();
        self.conversations.close();
        let _ended = timeout(meanwhile, self.conversations.wait()).await;
        self.stop.cancel();
        let _ended = timeout(PARTING, self.conversations.wait()).await;
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, socket = %self.path.display(), "the terminal's socket was not removed");
        }
    }
}

/// Listens for terminals. The store's lock is held by now, so that a socket that is there was left by a program that died.
///
/// # Errors
/// When nobody can listen there, or somebody else does.
pub async fn listen(desk: Desk, auditor: Auditor, path: &Path) -> Result<Listener, Failure> {
    let cannot = |error: io::Error| {
        Failure::user(format!("{}: cannot listen there: {error}; name another path in terminal.socket", path.display()))
    };
    if UnixStream::connect(path).await.is_ok() {
        return Err(cannot(io::Error::new(ErrorKind::AddrInUse, "another program does")));
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path).map_err(cannot)?,
        Ok(_) => return Err(cannot(io::Error::new(ErrorKind::AlreadyExists, "something else is there"))),
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(cannot)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE)).map_err(cannot)?;
    let (conversations, stop) = (TaskTracker::new(), CancellationToken::new());
    let accepting = tokio::spawn(accept(listener, desk, auditor, conversations.clone(), stop.clone()));
    Ok(Listener { path: path.to_owned(), accepting, conversations, stop })
}

async fn accept(
    listener: UnixListener,
    desk: Desk,
    auditor: Auditor,
    conversations: TaskTracker,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (desk, auditor, stop) = (desk.clone(), auditor.clone(), stop.clone());
                conversations.spawn(async move {
                    if let Err(error) = serve(stream, desk, auditor, stop).await {
                        tracing::info!(%error, "a terminal went away");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a terminal could not connect");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, desk: Desk, auditor: Auditor, stop: CancellationToken) -> io::Result<()> {
    let user = user::name(stream.peer_cred()?.uid()).await;
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    let Some(opening) = timeout(PATIENCE, read::<Opening>(&mut from)).await?? else { return Ok(()) };
    let ask = match opening {
        Opening::Log(ask) => return answer(auditor, user, ask, &mut to).await,
        Opening::Ask(ask) => ask,
    };
    let Link { typed, mut said } = converse(desk, user, ask, stop);
    let typing = tokio::spawn(async move {
        // What cannot be read is the end of what is typed.
        while let Ok(Some(line)) = read(&mut from).await {
            if typed.send(line).await.is_err() {
                return;
            }
        }
    });
    let mut written = Ok(());
    while let Some(said) = said.recv().await {
        written = write(&mut to, &said).await;
        if written.is_err() || matches!(said, Said::End(_)) {
            break;
        }
    }
    typing.abort();
    written?;
    to.shutdown().await
}

/// Does what is asked about the log, and says so.
async fn answer(auditor: Auditor, user: String, ask: LogAsk, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let asker = Asker { actor: Actor::Terminal { user }, origin: Origin::Terminal };
    let (text, well) = match auditor.answer(ask, asker).await {
        Ok(checkpoint) => (checkpoint.map(|checkpoint| checkpoint.as_str().to_owned()), true),
        Err(error) => (Some(error.to_string()), false),
    };
    if let Some(text) = text {
        write(to, &Said::Text(text)).await?;
    }
    write(to, &Said::End(well)).await?;
    to.shutdown().await
}

/// The running bot; `None` if none runs.
pub(crate) async fn connect(path: &Path) -> Result<Option<UnixStream>, Failure> {
    match UnixStream::connect(path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(Failure::user(format!("{}: {error}; become the bot's user or join its group", path.display())))
        }
        Err(error) => {
            Err(anyhow::Error::from(error).context(format!("failed to reach the bot at {}", path.display())).into())
        }
    }
}

/// A conversation with the bot at the other end of the stream.
pub(crate) fn link(stream: UnixStream, opening: Opening) -> Link {
    let (typed, mut typing) = mpsc::channel::<String>(8);
    let (saying, said) = mpsc::channel(8);
    let (from, mut to) = stream.into_split();
    tokio::spawn(async move {
        // A bot that went away shows at the other half.
        let _asked = write(&mut to, &opening).await;
        while let Some(line) = typing.recv().await {
            let _typed = write(&mut to, &line).await;
        }
        // The bot is left to go on; only typing is over.
        let _over = to.shutdown().await;
    });
    tokio::spawn(async move {
        let mut from = BufReader::new(from);
        while let Ok(Some(what)) = read::<Said>(&mut from).await.context("the bot went away") {
            if saying.send(what).await.is_err() {
                return;
            }
        }
    });
    Link { typed, said }
}
