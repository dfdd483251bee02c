//! Sockets, connections, and how much any client may take of them.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::timer::ClockTimer;
use crate::clock::Clock;

/// How many clients may be there at once? Who comes later waits for a place.
const CLIENTS: usize = 32;

/// How long may a client take for the head of a request, the next one on a connection that is kept too?
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long may a connection last at all? A scrape or a delivery takes less than a second.
const LASTS: Duration = Duration::from_mins(2);

/// How many bytes may the head of a request have?
const HEAD_BYTES: usize = 16 * 1024;

/// How many headers?
const HEADERS: usize = 64;

/// How long after a failure is the next client taken? A full table of files empties by itself.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long may what is under way go on when the daemon stops?
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Where clients come in.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<Listener>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Sockets {
    /// The sockets that the service manager hands over (`sd_listen_fds(3)`); `None` where it hands over none. To be asked once.
    pub fn handed_over() -> io::Result<Option<Self>> {
        let mut handed = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for place in 0..handed.len() {
            // A socket of the wrong family is an error and stays where it is.
            if let Ok(Some(listener)) = handed.take_tcp_listener(place) {
                listener.set_nonblocking(true)?;
                listeners.push(Listener::Tcp(TcpListener::from_std(listener)?));
            } else if let Some(listener) = handed.take_unix_listener(place)? {
                listener.set_nonblocking(true)?;
                listeners.push(Listener::Unix(UnixListener::from_std(listener)?));
            }
        }
        Ok((handed.len() > 0).then_some(Self { listeners }))
    }

    /// A socket of its own.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listeners: vec![Listener::Tcp(TcpListener::bind(address).await?)] })
    }

    /// Where they are reached over a network.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = |listener: &Listener| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix(_) => None,
        };
        self.listeners.iter().filter_map(address).collect()
    }

    /// Whether others than this machine's own processes reach them.
    pub fn is_open(&self) -> bool {
        self.addresses().iter().any(|address| !address.ip().is_loopback())
    }
}

/// A server in the background.
#[derive(Debug)]
pub struct Web {
    stop: CancellationToken,
    serving: JoinSet<()>,
}

impl Web {
    /// Serves a site. `clock` is the machine's: clients are real.
    pub fn serve(sockets: Sockets, site: &Router, clock: &Arc<dyn Clock>) -> Self {
        let stop = CancellationToken::new();
        let places = Arc::new(Semaphore::new(CLIENTS));
        let mut serving = JoinSet::new();
        for listener in sockets.listeners {
            serving.spawn(serve(listener, site.clone(), Arc::clone(clock), Arc::clone(&places), stop.clone()));
        }
        Self { stop, serving }
    }

    /// Takes no more clients, and returns when those that are there have their answer, or soon.
    pub async fn close(self) {
        self.stop.cancel();
        // A server that panicked has told so already.
        self.serving.join_all().await;
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Listener {
    async fn next(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

async fn serve(
    listener: Listener,
    site: Router,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
) {
    let clients = TaskTracker::new();
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let stream = tokio::select! {
            accepted = listener.next() => match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    warn!("a client of the web server could not be taken: {error}");
                    clock.sleep(AFTER_FAILURE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let (site, clock, stop) = (site.clone(), Arc::clone(&clock), stop.clone());
        clients.spawn(async move {
            client(stream, site, &clock, &stop).await;
            drop(place);
        });
    }
    clients.close();
    tokio::select! {
        () = clients.wait() => {}
        () = clock.sleep(STOP_WITHIN) => {}
    }
}

async fn client(stream: Box<dyn Stream>, site: Router, clock: &Arc<dyn Clock>, stop: &CancellationToken) {
    let mut builder = http1::Builder::new();
    builder
        .timer(ClockTimer(Arc::clone(clock)))
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .half_close(false);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(site)));
    let ends = async {
        tokio::select! {
            () = clock.sleep(LASTS) => debug!("a client of the web server takes long: what it has asked for is the last thing"),
            () = stop.cancelled() => {}
        }
    };
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = ends => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                served = connection.as_mut() => served,
                () = clock.sleep(STOP_WITHIN) => return,
            }
        }
    };
    if let Err(error) = served {
        debug!("a client of the web server left: {error}");
    }
}
