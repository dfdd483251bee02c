//! The daemon.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::deciding::Clerk;
use super::fault;
use super::notices::{self, Carriers};
use super::serving::{self, Serving};
use super::session::Session;
use crate::cli::Global;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Environment, Settings};
use crate::daemon::backups::Backups;
use crate::daemon::control::socket::Socket;
use crate::daemon::control::{CLIENTS_WITHIN, Control, Inbox};
use crate::daemon::systemd::Notifier;
use crate::daemon::{self, Daemon, Ended, Handed, Reload, signals};
use crate::domain::safety::RefusalName;
use crate::metrics::Metrics;
use crate::notice::board;
use crate::notice::look::Desk;
use crate::store::lock::WriterLock;
use crate::store::{Store, StoreError};
use crate::telemetry;
use crate::web::listen;

/// How long is waited for a copy of the state when the daemon stops?
const COPY_WITHIN: Duration = Duration::from_secs(2);

/// How long a stop may take once passes have ended, which `schedule.stop_within` bounds: what is waited for then, one after the
/// other. Whoever ends the process by force waits for longer than both together.
pub const STOP_TAKES: Duration = COPY_WITHIN
    .saturating_add(CLIENTS_WITHIN)
    .saturating_add(listen::STOP_WITHIN)
    .saturating_add(board::LAST)
    .saturating_add(telemetry::LAST);

/// Runs passes until a signal says stop; SIGHUP takes up a configuration that is valid.
pub(super) async fn run(settings: Settings, allow: &[RefusalName], global: &Global) -> anyhow::Result<u8> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let carriers = notices::carriers(&settings.notices, &clock)?;
    let taken = WriterLock::take(&settings.state_path);
    if let Err(error @ StoreError::Locked { .. }) = taken {
        // Who holds it tells people what there is to tell.
        return Err(error.into());
    }
    let mut desk = notices::desk(&settings.notices, &settings.state_path, carriers, None, &clock);
    // Held until everything is told: of what was told there is one memory.
    let (lock, mut ended) = match taken {
        Ok(lock) => (Some(lock), Ok(0)),
        Err(error) => (None, Err(error.into())),
    };
    if let Some(lock) = &lock {
        ended = fault::caught(Box::pin(passes(settings, &mut desk, lock, allow, global))).await;
    }
    if ended.is_err() {
        // What fails before the passes, or between two configurations, has not said so yet.
        Notifier::of_process().stopping();
    }
    notices::close(desk, ended.as_ref().err().map(notices::word_of)).await;
    ended
}

/// The daemon from the state to the stop.
async fn passes(
    settings: Settings,
    desk: &mut Option<Desk>,
    lock: &WriterLock,
    allow: &[RefusalName],
    global: &Global,
) -> anyhow::Result<u8> {
    let metrics = settings.web.is_some().then(|| Arc::new(Metrics::new()));
    let metrics = metrics.as_ref();
    let mut session = Session::counted(settings, metrics)?;
    let notifier = Notifier::of_process();
    let mut store = notifier.waits_for(session.clock.as_ref(), Store::open(lock)).await?;
    let stop = CancellationToken::new();
    let wake = Arc::new(Notify::new());
    signals::listen(stop.clone(), Arc::clone(&wake)).context("signals cannot be listened to")?;
    let socket = Socket::bind(&session.settings.control_socket)?;
    info!(control.socket = %socket.path().display(), "decisions are taken at the control socket");
    let (control, mut post) = Control::serve(socket, &session.settings.state_path, Arc::new(SystemClock::new()));
    let serving = if let Some(metrics) = metrics {
        Serving::start(&session.settings, metrics).await
    } else {
        serving::tell_unserved();
        None
    };
    let mut allow = allow.iter().copied().collect::<BTreeSet<_>>();
    let backups = Backups::start(session.settings.state_path.clone(), metrics.cloned(), Arc::new(SystemClock::new()));
    let longest = session.settings.http.longest();
    if let Some(within) = notifier.watchdog().filter(|within| *within <= longest) {
        warn!(
            "the watchdog of the unit bites after {} s, and one request with its tries may take {} s: make WatchdogSec= longer, or \
             http.retry_max_elapsed and http.timeout shorter",
            within.as_secs(),
            longest.as_secs()
        );
    }
    let mut woken = false;
    let ended = loop {
        let clerk = Clerk { settings: &session.settings, clock: session.clock.as_ref() };
        let schedule = &session.settings.schedule;
        let reader =
            Reader { global, metrics, serving: serving.as_ref(), present: &session.settings, next: RefCell::default() };
        let silent = crate::sync::Silent;
        let daemon = Daemon {
            world: session.world(&silent),
            sinks: session.sinks(),
            schedule: schedule.beats(),
            hints_in_quiet: schedule.hints_in_quiet,
            woken,
            stop_within: schedule.stop_within,
            allow,
            notifier,
            inbox: Inbox::at(&clerk, post),
            watch: serving.as_ref().map(|serving| serving.watch.clone()),
            notices: desk.clone(),
            backups: session.settings.backup.as_ref().map(|plan| (&backups, plan)),
            reload: Some(&reader),
        };
        match daemon::run(daemon, store, &stop, &wake).await {
            Ok(Ended::Reloaded(handed)) => Handed { store, post, allow } = *handed,
            Ok(Ended::Stopped) => break Ok(0),
            Err(error) => break Err(error),
        }
        let Some(next) = reader.next.into_inner() else { bail!("the daemon ended without a reason") };
        woken = true;
        let (next, carriers) = next;
        session = next;
        let (section, state) = (&session.settings.notices, &session.settings.state_path);
        *desk = notices::desk(section, state, carriers, desk.take(), &session.clock);
        if let Some(serving) = &serving {
            serving.reconfigure(&session.settings);
        }
    };
    finish(&backups, session.clock.as_ref()).await;
    control.close().await;
    if let Some(serving) = serving {
        serving.close().await;
    }
    Ok(ended?)
}

/// A copy of the state that is under way is finished, if that takes no longer than a stop may be held up for it.
async fn finish(backups: &Backups, clock: &dyn Clock) {
    tokio::select! {
        () = backups.rest() => {}
        () = clock.sleep(COPY_WITHIN) => info!("a copy of the state was under way and is left; one is made after the next start"),
    }
}

/// Reads the configuration that this process was started with once more, secrets included.
#[derive(Debug)]
struct Reader<'a> {
    global: &'a Global,
    metrics: Option<&'a Arc<Metrics>>,
    serving: Option<&'a Serving>,
    present: &'a Settings,
    /// Everything of another configuration that might not be made.
    next: RefCell<Option<(Session, Carriers)>>,
}

impl Reload for Reader<'_> {
    fn reload(&self) -> Result<(), String> {
        let settings = config::load(self.global.config.as_deref(), &Environment::of_process())
            .map_err(|problems| problems.to_string())?;
        for (key, present, wanted) in [
            ("state.path", &self.present.state_path, &settings.state_path),
            ("control.socket", &self.present.control_socket, &settings.control_socket),
        ] {
            if present != wanted {
                return Err(format!(
                    "{key} is {} while this process runs and cannot become {}: restart it",
                    present.display(),
                    wanted.display()
                ));
            }
        }
        let (ours, theirs) = (&self.present, &settings);
        if format!("{:?}{:?}", ours.log, ours.traces) != format!("{:?}{:?}", theirs.log, theirs.traces) {
            warn!("what changed in [log] and [traces] is taken up by a restart alone");
        }
        if let Some(problem) = Serving::refuses(self.serving, self.present, &settings) {
            return Err(problem);
        }
        let session = Session::counted(settings, self.metrics).map_err(|error| format!("{error:#}"))?;
        let carriers =
            notices::carriers(&session.settings.notices, &session.clock).map_err(|error| format!("{error:#}"))?;
        self.next.replace(Some((session, carriers)));
        Ok(())
    }
}
