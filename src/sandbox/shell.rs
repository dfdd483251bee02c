//! What is common to both servers: reads the request, throws the faults, stamps the answer and logs it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, StatusCode, header};

use super::exchange::{Answer, Ask, System, gateway};
use super::faults::{Fault, Faults};
use super::log::Log;
use super::mangle;
use crate::clock::Clock;

/// How long a connection that is never answered is held open: longer than any sensible client waits.
const HELD: Duration = Duration::from_hours(1);

/// How long the caller waits; put into a request by the transport in process, so that no fault has to guess it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(pub(crate) Duration);

/// Put into a reply that never reaches its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The connection was never made.
    Unreachable,
    /// Nothing came in time.
    TimedOut,
    /// The connection closed.
    Closed,
}

/// The system and what is around it.
#[derive(Debug)]
pub(crate) struct Shell<S> {
    pub(crate) system: S,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The router of a server: one handler, because the systems' own ideas of unknown paths and methods are to be kept.
pub(crate) fn router<S: System>(shell: Arc<Shell<S>>) -> Router {
    Router::new().fallback(move |request: Request| {
        let shell = Arc::clone(&shell);
        async move { shell.handle(request).await }
    })
}

impl<S: System> Shell<S> {
    /// Carries out what was to be carried out later and is due.
    pub(crate) fn settle(&self) {
        for ask in self.faults.take_due(self.clock.elapsed()) {
            let _ = self.carry_out(&ask);
        }
    }

    async fn handle(&self, request: Request) -> Response {
        self.settle();
        let (parts, body) = request.into_parts();
        let patience = parts.extensions.get::<Patience>().map(|patience| patience.0);
        let path = parts.uri.path().to_owned();
        let fault = self.faults.take(&parts.method, &path);
        let Ok(body) = to_bytes(body, self.system.body_limit()).await else {
            return self.dress(gateway(StatusCode::PAYLOAD_TOO_LARGE), &parts.method);
        };
        let ask = Ask {
            method: parts.method,
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            at: self.clock.now(),
        };
        match fault {
            None => {
                let answer = self.carry_out(&ask);
                self.dress(answer, &ask.method)
            }
            Some(fault) => self.fail(fault, &ask, patience).await,
        }
    }

    fn carry_out(&self, ask: &Ask) -> Answer {
        let answer = self.system.answer(ask);
        self.log.note(ask, self.system.intent(ask), &answer);
        answer
    }

    /// Notes a request that is not carried out.
    fn refuse(&self, ask: &Ask, answer: Answer) -> Answer {
        self.log.note(ask, self.system.intent(ask), &answer);
        answer
    }

    async fn fail(&self, fault: Fault, ask: &Ask, patience: Option<Duration>) -> Response {
        let answer = match fault {
            Fault::Gateway(status) => self.refuse(ask, gateway(status_of(status))),
            Fault::Refusal { status, retry_after } => {
                let refusal = self.system.refusal(ask, status_of(status));
                let refusal = match retry_after {
                    Some(text) => refusal.with(header::RETRY_AFTER, &text),
                    None => refusal,
                };
                self.refuse(ask, refusal)
            }
            Fault::Delay(by) => {
                let answer = self.carry_out(ask);
                match patience {
                    Some(patience) if patience < by => {
                        self.clock.sleep(patience).await;
                        return lost(Lost::TimedOut);
                    }
                    Some(_) | None => self.clock.sleep(by).await,
                }
                answer
            }
            Fault::TimeOut { carried_out } => {
                if carried_out {
                    self.carry_out(ask);
                } else {
                    self.refuse(ask, gateway(StatusCode::GATEWAY_TIMEOUT));
                }
                self.clock.sleep(patience.unwrap_or(HELD)).await;
                return lost(Lost::TimedOut);
            }
            Fault::CarriedOutLater(after) => {
                let at = chrono::Duration::from_std(after).map_or(ask.at, |after| ask.at + after);
                self.faults.park(self.clock.elapsed() + after, Ask { at, ..ask.clone() });
                self.clock.sleep(patience.unwrap_or(HELD)).await;
                return lost(Lost::TimedOut);
            }
            Fault::Unreachable => return lost(Lost::Unreachable),
            Fault::DropBefore => {
                self.refuse(ask, gateway(StatusCode::BAD_GATEWAY));
                return lost(Lost::Closed);
            }
            Fault::DropAfter => {
                self.carry_out(ask);
                return lost(Lost::Closed);
            }
            Fault::Truncate => return cut_short(self.carry_out(ask)),
            Fault::Html => self.refuse(ask, maintenance()),
            Fault::HalfJson => mangle::half(self.carry_out(ask)),
            Fault::WrongType => mangle::other_type(self.carry_out(ask)),
            Fault::EndlessNext => mangle::endless(ask, self.carry_out(ask)),
            Fault::HugeText(bytes) => mangle::huge(self.carry_out(ask), bytes),
        };
        self.dress(answer, &ask.method)
    }

    fn dress(&self, answer: Answer, method: &Method) -> Response {
        let body = if *method == Method::HEAD { Body::empty() } else { Body::from(answer.body) };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}

fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn maintenance() -> Answer {
    let page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>";
    Answer::new(StatusCode::OK, "text/html; charset=UTF-8", page)
}

/// A reply that no caller sees. Over a socket its body breaks before the first byte is flushed, which closes the
/// connection.
fn lost(how: Lost) -> Response {
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
    let mut response = Response::new(Body::from_stream(broken));
    response.extensions_mut().insert(how);
    response
}

/// The first half of a body under the length of the whole.
fn cut_short(answer: Answer) -> Response {
    let length = answer.body.len();
    let sent = answer.body.slice(..length / 2);
    let parts = stream::iter([Ok(sent), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
    let mut response = Response::new(Body::from_stream(parts));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}
