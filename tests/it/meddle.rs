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

/// A reply that is not what the system said.
type Distortion = Box<dyn Fn(&str) -> String + Send>;

/// What is still to be done by people, and what stands between the systems and us.
#[derive(Clone, Default)]
pub struct Meddling(Arc<Mutex<Vec<Act>>>, Arc<Mutex<Vec<(Side, String, Distortion)>>>, Arc<Frozen>);

/// A request that is never answered, for a pass that dies meanwhile.
#[derive(Default)]
struct Frozen {
    at: Mutex<Option<(Side, Method, String, Moment)>>,
    told: tokio::sync::Notify,
}

impl Meddling {
    /// At the next request of this method whose path and query contain `path`.
    pub fn at(&self, side: Side, method: Method, path: &str, moment: Moment, act: impl FnOnce() + Send + 'static) {
        let act = Act { side, method, path: path.to_owned(), moment, deed: Box::new(act) };
        self.0.lock().unwrap().push(act);
    }

    /// From now on every reply of a side to a request whose path and query contain `path` is changed on its way.
    pub fn distort(&self, side: Side, path: &str, distortion: impl Fn(&str) -> String + Send + 'static) {
        self.1.lock().unwrap().push((side, path.to_owned(), Box::new(distortion)));
    }

    /// Replies are what the systems say again.
    pub fn distort_nothing(&self) {
        self.1.lock().unwrap().clear();
    }

    fn distorted(&self, side: Side, path: &str, response: Response<Bytes>) -> Response<Bytes> {
        let distortions = self.1.lock().unwrap();
        let met: Vec<_> = distortions
            .iter()
            .filter(|(where_to, part, _)| *where_to == side && path.contains(part.as_str()))
            .collect();
        if met.is_empty() {
            return response;
        }
        response.map(|body| {
            let said = String::from_utf8(body.to_vec()).unwrap();
            Bytes::from(met.into_iter().fold(said, |said, (_, _, distortion)| distortion(&said)))
        })
    }

    /// The next request of this method whose path and query end like this is never answered.
    pub fn freeze(&self, side: Side, method: Method, path: &str, moment: Moment) {
        *self.2.at.lock().unwrap() = Some((side, method, path.to_owned(), moment));
    }

    /// Waits until a request is not answered.
    pub async fn is_frozen(&self) {
        self.2.told.notified().await;
    }

    async fn hang(&self, side: Side, method: &Method, path: &str, moment: Moment) {
        let is_it = self
            .2
            .at
            .lock()
            .unwrap()
            .take_if(|(s, m, p, at)| *s == side && m == method && path.ends_with(p.as_str()) && *at == moment)
            .is_some();
        if is_it {
            self.2.told.notify_one();
            std::future::pending::<()>().await;
        }
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
        self.meddling.hang(self.side, &method, &path, Moment::Before).await;
        let response = self.inner.send(request, timeout, limit).await;
        self.meddling.run(self.side, &method, &path, Moment::After);
        self.meddling.hang(self.side, &method, &path, Moment::After).await;
        response.map(|response| self.meddling.distorted(self.side, &path, response))
    }
}
