//! A sandbox server on a socket.

use axum::Router;
use axum::serve::Listener;
use tokio_util::sync::CancellationToken;

/// Serves a sandbox's router on `listener` (a loopback [`TcpListener`](tokio::net::TcpListener)) until `shutdown`. Connections that a fault holds open do not hold it up: they
/// end with the runtime.
pub async fn serve<L>(listener: L, router: Router, shutdown: CancellationToken) -> std::io::Result<()>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        ended = async { axum::serve(listener, router).await } => ended,
    }
}
