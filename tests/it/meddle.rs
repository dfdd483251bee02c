//! People at work in the middle of a pass: just before a request reaches a system, or just after it was carried out.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::http::Transport;
use flowtly_sync::domain::record::Side;
use http::{Method, Request, Response};

/// When somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// What somebody does, once.
struct Act {
    side: Side,
    method: Method,
    path: String,
    moment: Moment,
    deed: Box<dyn FnOnce() + Send>,
}

/// What is still to be done by people.
#[derive(Clone, Default)]
pub struct Meddling(Arc<Mutex<Vec<Act>>>);

impl Meddling {
    /// At the next request of this method whose path and query contain `path`.
    pub fn at(&self, side: Side, method: Method, path: &str, moment: Moment, act: impl FnOnce() + Send + 'static) {
        let act = Act { side, method, path: path.to_owned(), moment, deed: Box::new(act) };
        self.0.lock().unwrap().push(act);
    }

    /// Whether everything was done.
    pub fn is_done(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }

    fn run(&self, side: Side, method: &Method, path: &str, moment: Moment) {
        let mut due = Vec::new();
        let mut acts = self.0.lock().unwrap();
        while let Some(place) = acts.iter().position(|act| {
            act.side == side && act.method == *method && act.moment == moment && path.contains(&act.path)
        }) {
            due.push(acts.remove(place).deed);
        }
        drop(acts);
        for act in due {
            act();
        }
    }
}

/// A transport beside which people work.
pub struct Meddler<T> {
    inner: T,
    side: Side,
    meddling: Meddling,
}

impl<T> Meddler<T> {
    pub fn new(inner: T, side: Side, meddling: Meddling) -> Self {
        Self { inner, side, meddling }
    }
}

impl<T> fmt::Debug for Meddler<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meddler").field("side", &self.side).finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Meddler<T> {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        let method = request.method().clone();
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        self.meddling.run(self.side, &method, &path, Moment::Before);
        let response = self.inner.send(request, timeout, limit).await;
        self.meddling.run(self.side, &method, &path, Moment::After);
        response
    }
}
