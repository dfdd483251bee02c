//! The durable steps of a pass, numbered: every commit, every request.
//!
//! A commit is numbered by SQLite itself (its commit hook), so that none can be forgotten; a request where it enters the
//! transport.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::connector::error::{ErrorKind, PortError};
use flowtly_sync::connector::http::Transport;
use flowtly_sync::domain::record::Side;
use flowtly_sync::store::Store;
use http::{Request, Response};
use tokio::sync::Notify;

/// How a life ends, or is hurt, at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurt {
    /// The process dies; the step does not happen.
    DiesBefore,
    /// The step happens, and the process dies before it hears of it.
    DiesAfter,
    /// A request is carried out, and the connection breaks before the reply; the process lives.
    ReplyLost,
    /// A request is carried out, and half of the reply arrives; the process lives.
    ReplyCut,
}

/// One durable step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The state is committed.
    Commit,
    /// A request is sent.
    Request(String),
}

impl Step {
    /// What can happen to it.
    pub fn hurts(&self) -> &'static [Hurt] {
        match self {
            Self::Commit => &[Hurt::DiesBefore, Hurt::DiesAfter],
            Self::Request(_) => &[Hurt::DiesBefore, Hurt::DiesAfter, Hurt::ReplyLost, Hurt::ReplyCut],
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit => f.write_str("commit"),
            Self::Request(request) => f.write_str(request),
        }
    }
}

/// Where a life is hurt.
#[derive(Debug)]
enum At {
    /// At the step of this number, from 0.
    Step(usize),
    /// At the first request that contains this text.
    Request(String),
}

/// The steps of one life, and where it is hurt.
#[derive(Debug, Clone, Default)]
pub struct Steps(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    at: Option<(At, Hurt)>,
    taken: Mutex<Vec<Step>>,
    dead: AtomicBool,
    died: Notify,
}

impl Steps {
    /// A life that is hurt at a step, counted from 0.
    pub fn hurt(at: usize, hurt: Hurt) -> Self {
        Self(Arc::new(Inner { at: Some((At::Step(at), hurt)), ..Inner::default() }))
    }

    /// A life that is hurt at the first request that contains a text.
    pub fn hurt_request(request: &str, hurt: Hurt) -> Self {
        Self(Arc::new(Inner { at: Some((At::Request(request.to_owned()), hurt)), ..Inner::default() }))
    }

    /// What was done so far.
    pub fn taken(&self) -> Vec<Step> {
        self.0.taken.lock().unwrap().clone()
    }

    /// Returns when the process dies.
    pub async fn death(&self) {
        while !self.is_dead() {
            self.0.died.notified().await;
        }
    }

    /// Numbers every commit of this store from now on.
    pub async fn watch(&self, store: &mut Store) {
        let steps = self.clone();
        let mut handle = store.connection().lock_handle().await.unwrap();
        handle.set_commit_hook(move || {
            if steps.is_dead() {
                return false;
            }
            match steps.take(Step::Commit) {
                None => true,
                Some(Hurt::DiesAfter) => {
                    steps.die();
                    true
                }
                Some(Hurt::DiesBefore | Hurt::ReplyLost | Hurt::ReplyCut) => {
                    steps.die();
                    false
                }
            }
        });
    }

    /// Whether the process died.
    pub fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::SeqCst)
    }

    fn die(&self) {
        self.0.dead.store(true, Ordering::SeqCst);
        self.0.died.notify_one();
    }

    fn take(&self, step: Step) -> Option<Hurt> {
        let mut taken = self.0.taken.lock().unwrap();
        let (at, hurt) = self.0.at.as_ref().map_or((None, None), |(at, hurt)| (Some(at), Some(*hurt)));
        let is_here = match (at, &step) {
            (Some(At::Step(at)), _) => *at == taken.len(),
            (Some(At::Request(text)), Step::Request(request)) => request.contains(text),
            (Some(At::Request(_)), Step::Commit) | (None, _) => false,
        };
        taken.push(step);
        hurt.filter(|_| is_here)
    }
}

/// A transport whose requests are steps.
#[derive(Debug)]
pub struct Stepping<T> {
    inner: T,
    side: Side,
    steps: Steps,
}

impl<T> Stepping<T> {
    pub fn new(inner: T, side: Side, steps: Steps) -> Self {
        Self { inner, side, steps }
    }
}

#[async_trait]
impl<T: Transport> Transport for Stepping<T> {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        if self.steps.is_dead() {
            return std::future::pending().await;
        }
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let hurt = self.steps.take(Step::Request(format!("{} {} {path}", self.side, request.method())));
        if hurt == Some(Hurt::DiesBefore) {
            self.steps.die();
            return std::future::pending().await;
        }
        let response = self.inner.send(request, timeout, limit).await;
        match hurt {
            None | Some(Hurt::DiesBefore) => response,
            Some(Hurt::DiesAfter) => {
                self.steps.die();
                std::future::pending().await
            }
            Some(Hurt::ReplyLost) => Err(PortError::new(ErrorKind::Broken, "the connection closed")),
            Some(Hurt::ReplyCut) => response.map(|response| {
                let (parts, body) = response.into_parts();
                let half = body.slice(..body.len() / 2);
                Response::from_parts(parts, half)
            }),
        }
    }
}
