//! The daemon's end-points over HTTP: the real daemon in process, real sockets, the sandbox behind.

mod bench;
mod dashboards;
mod door;
mod halfopen;
mod hinted;
mod sooner;
mod shown;
mod systems;
