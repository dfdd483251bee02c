//! A sandbox server on a loopback socket.

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves a sandbox's router on `listener` until `shutdown`. Connections that a fault holds open do not hold it up: they
/// end with the runtime.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> std::io::Result<()> {
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        ended = async { axum::serve(listener, router).await } => ended,
    }
}
