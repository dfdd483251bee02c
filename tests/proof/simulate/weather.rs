//! What happens around a request: people at work, faults, a second instance, the end of the process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::http::Transport;
use flowtly_sync::domain::record::Side;
use flowtly_sync::sandbox::{Fault, Faults, RouterTransport};
use flowtly_sync::store::StoreError;
use flowtly_sync::store::lock::WriterLock;
use http::{Method, Request, Response};
use sha2::{Digest, Sha256};

use super::life::Life;
use super::sim::{Noted, Sim};

/// A transport beside which everything happens that a seed holds.
pub struct Weather {
    inner: RouterTransport,
    side: Side,
    sim: Arc<Sim>,
    life: Arc<Life>,
}

impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weather").field("side", &self.side).finish_non_exhaustive()
    }
}

impl Weather {
    pub fn new(sim: &Arc<Sim>, life: &Arc<Life>, side: Side) -> Self {
        let inner = match side {
            Side::Flowtly => RouterTransport::new(sim.firm.flowtly.router(), sim.firm.flowtly.faults()),
            Side::Crm => RouterTransport::new(sim.firm.hubspot.router(), sim.firm.hubspot.faults()),
        };
        Self { inner, side, sim: Arc::clone(sim), life: Arc::clone(life) }
    }

    fn faults(&self) -> &Faults {
        self.inner.faults()
    }
}

#[async_trait]
impl Transport for Weather {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, PortError> {
        let (sim, life) = (&self.sim, &self.life);
        if life.is_dead() {
            return std::future::pending().await;
        }
        let sent = Sent::of(self.side, &request);
        let number = life.next_request();
        sim.note_request(&sent, request.body());
        // A request takes its time, so that no two stamps are the same by accident.
        sim.firm.clock.advance(Duration::from_millis(sim.chance(|rng| rng.u64(20..200))));
        if life.is_storming() {
            self.before(number, &sent);
        }
        if life.dies_before_request(number) {
            sim.count("death before a request");
            sim.say(|| format!("the process dies before {sent}"));
            life.die();
            return std::future::pending().await;
        }
        if life.is_storming()
            && let Some(stale) = sim.stale_reply(&sent)
        {
            return Ok(stale);
        }
        sim.count_lag(&sent);
        let fault = if life.is_storming() { self.choose_fault(&sent) } else { None };
        let outcome = match fault {
            Some(Thrown::ErrorInside) => Ok(error_inside(self.side)),
            Some(Thrown::Server(fault)) => {
                self.faults().next(fault);
                self.inner.send(request, timeout, limit).await
            }
            None => self.inner.send(request, timeout, limit).await,
        };
        sim.say(|| match &outcome {
            Ok(response) => format!("  {sent} -> {}", response.status().as_u16()),
            Err(error) => format!("  {sent} -> {error}"),
        });
        if let Ok(response) = &outcome {
            sim.remember_reply(&sent, response);
        }
        if life.is_storming() {
            let rate = life.people_after();
            if sim.chance(fastrand::Rng::f64) < rate {
                sim.somebody_acts("during a pass");
            }
        }
        if life.dies_after_request(number) {
            sim.count("death after a request");
            sim.say(|| format!("the process dies before it hears of {sent}"));
            life.die();
            return std::future::pending().await;
        }
        outcome
    }
}

/// What is thrown at a request.
enum Thrown {
    /// By the server's own switch.
    Server(Fault),
    /// 200, and an error in the body.
    ErrorInside,
}

impl Weather {
    /// Everything that may happen just before a request reaches its server.
    fn before(&self, number: usize, sent: &Sent) {
        let (sim, life) = (&self.sim, &self.life);
        if sim.chance(fastrand::Rng::f64) < life.people_before() {
            let before = sim.deed_count();
            sim.somebody_acts("during a pass");
            if sent.is_later_page() && sim.deed_count() > before {
                sim.count("page shifted while it was read");
            }
        }
        if life.second_instance_at() == Some(number) {
            match WriterLock::take(&sim.firm.state()) {
                Err(StoreError::Locked { .. }) => sim.count("second instance"),
                Err(other) => sim.wrong(format!("a second instance is told something else: {other}")),
                Ok(_) => sim.wrong("a second instance was let in".to_owned()),
            }
        }
        if let Some((at, by)) = life.clock_jump()
            && at == number
        {
            sim.count(if by < 0 { "clock jumps back" } else { "clock jumps forward" });
            sim.say(|| format!("the clock jumps by {by} s"));
            sim.clock.jump(by);
        }
        if let Some((from, to)) = life.busy() {
            if from == number && sim.take_database() {
                sim.count("busy database");
                sim.say(|| "another process holds the database".to_owned());
            }
            if to == number {
                sim.release_database();
            }
        }
        if life.stops_at() == Some(number) {
            sim.count("stopped in the middle");
            sim.say(|| "the process is told to stop".to_owned());
            life.stop.cancel();
        }
    }

    fn choose_fault(&self, sent: &Sent) -> Option<Thrown> {
        let (sim, life) = (&self.sim, &self.life);
        if let Some(fault) = life.burst(self.side) {
            sim.count(fault.0);
            sim.say(|| format!("  fault: {}", fault.0));
            return Some(Thrown::Server(fault.1));
        }
        if sim.chance(fastrand::Rng::f64) >= life.fault_rate() {
            return None;
        }
        let (kind, thrown) = sim.chance(|rng| pick(rng, sent));
        let loses_reply = matches!(
            thrown,
            Thrown::Server(
                Fault::DropAfter
                    | Fault::TimeOut { carried_out: true }
                    | Fault::Truncate
                    | Fault::HalfJson
                    | Fault::WrongType
                    | Fault::CarriedOutLater(_)
            )
        );
        if loses_reply && sent.is_create() {
            sim.count("lost create reply");
        }
        if kind.starts_with("429") {
            let fault = if let Thrown::Server(fault) = &thrown { fault.clone() } else { Fault::Gateway(429) };
            life.begin_burst(self.side, kind, fault, sim.chance(|rng| rng.u32(0..5)));
        }
        if kind == "connection refused" && sim.chance(|rng| rng.u8(0..3)) == 0 {
            life.begin_burst(self.side, kind, Fault::Unreachable, sim.chance(|rng| rng.u32(5..40)));
        }
        sim.count(kind);
        sim.say(|| format!("  fault: {kind}"));
        Some(thrown)
    }
}

/// One fault that makes sense for a request.
fn pick(rng: &mut fastrand::Rng, sent: &Sent) -> (&'static str, Thrown) {
    let server = |kind, fault| (kind, Thrown::Server(fault));
    let seconds = |rng: &mut fastrand::Rng| Some(rng.u32(1..90).to_string());
    match rng.u32(0..24) {
        0 | 1 => server("429 with Retry-After", Fault::Refusal { status: 429, retry_after: seconds(rng) }),
        2 | 3 => server("429 without Retry-After", Fault::Refusal { status: 429, retry_after: None }),
        4 | 5 => {
            let status = *rng.choice(&[500, 502, 503, 504]).unwrap();
            server("5xx", Fault::Refusal { status, retry_after: None })
        }
        6 => server("gateway page", Fault::Gateway(*rng.choice(&[502, 503, 504]).unwrap())),
        7 => server("time-out, not carried out", Fault::TimeOut { carried_out: false }),
        8 | 9 => server("time-out, carried out", Fault::TimeOut { carried_out: true }),
        10 | 11 if sent.is_write() => {
            let later = Duration::from_secs(rng.u64(1..55));
            server("time-out, carried out later", Fault::CarriedOutLater(later))
        }
        10 | 12 | 13 => server("reply lost", Fault::DropAfter),
        14 => server("request lost", Fault::DropBefore),
        15 => server("reply cut", Fault::Truncate),
        16 => server("half a JSON text", Fault::HalfJson),
        17 => server("JSON of another type", Fault::WrongType),
        18 => server("200 with a page", Fault::Html),
        19 => ("200 with an error inside", Thrown::ErrorInside),
        20 | 11 => server("connection refused", Fault::Unreachable),
        21 if sent.is_list() => server("page that points to itself", Fault::EndlessNext),
        22 if sent.is_list() => server("huge text", Fault::HugeText(70_000)),
        21 if sent.is_write() => {
            let status = *rng.choice(&[400, 409, 422]).unwrap();
            server("write refused", Fault::Refusal { status, retry_after: None })
        }
        22 => server("credential refused", Fault::Refusal { status: 401, retry_after: None }),
        _ => server("slow reply", Fault::Delay(Duration::from_secs(rng.u64(1..45)))),
    }
}

/// A success by its status, an error by its body.
fn error_inside(side: Side) -> Response<Bytes> {
    let body = match side {
        Side::Flowtly => {
            r#"{"@type":"Error","title":"An error occurred","detail":"Internal Server Error","status":500}"#
        }
        Side::Crm => {
            r#"{"status":"error","message":"internal error","correlationId":"00000000-0000-7000-8000-000000000000"}"#
        }
    };
    Response::builder()
        .status(200)
        .header("content-type", "application/json")
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap()
}

/// A request, as the sequence of requests remembers it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub side: Side,
    pub method: Method,
    pub path: String,
}

impl Sent {
    fn of(side: Side, request: &Request<Bytes>) -> Self {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        Self { side, method: request.method().clone(), path }
    }

    pub fn noted(&self, body: &Bytes) -> Noted {
        let hash = Sha256::digest(body);
        Noted { line: self.to_string(), body: hash[..8].try_into().unwrap() }
    }

    /// Whether it is meant to change something.
    pub fn is_write(&self) -> bool {
        match self.side {
            Side::Flowtly => self.method != Method::GET && !self.path.starts_with("/login"),
            Side::Crm => {
                self.method != Method::GET && !self.path.ends_with("/search") && !self.path.ends_with("/batch/read")
            }
        }
    }

    pub fn is_create(&self) -> bool {
        self.method == Method::POST
            && match self.side {
                Side::Flowtly => self.path == "/clients" || self.path == "/client-contacts",
                Side::Crm => self.path.ends_with("/batch/create"),
            }
    }

    pub fn is_search(&self) -> bool {
        self.side == Side::Crm && self.path.ends_with("/search")
    }

    pub fn is_list(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        self.method == Method::GET
            && match self.side {
                Side::Flowtly => path == "/clients" || path == "/client-contacts",
                Side::Crm => path.ends_with("/companies") || path.ends_with("/contacts"),
            }
    }

    fn is_later_page(&self) -> bool {
        let later = |page: &str| self.path.contains(page);
        self.is_list() && (later("page=2") || later("page=3") || later("after="))
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.side, self.method, self.path)
    }
}
