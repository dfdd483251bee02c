//! What the daemon serves over HTTP: health, figures, and a door for webhooks.
//!
//! [`listen`] is the edge: sockets, connections and their limits. [`site`] says what is behind which path, and who may see it;
//! `health` judges the daemon's signs of life; `webhooks` takes what systems say of themselves. It goes by the daemon's
//! [`Watch`](crate::daemon::watch::Watch) alone, and whatever happens here, passes go on.

pub mod listen;
pub mod site;
mod health;
mod timer;
mod webhooks;
mod reply;

pub use listen::{Sockets, Web};
pub use site::Site;
