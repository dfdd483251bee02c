//! What the daemon serves over HTTP, from the socket to the stop. It may fail: passes go on without it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use tracing::{error, info, warn};

use crate::clock::{Clock, SystemClock};
use crate::config::{Settings, WebSection};
use crate::daemon::hints::Hints;
use crate::daemon::watch::{Vitals, Watch};
use crate::metrics::Metrics;
use crate::web::{Site, Sockets, Web};

/// A site that is served.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) watch: Watch,
    site: Arc<Site>,
    web: Web,
    is_open: bool,
}

impl Serving {
    /// Serves what is configured; nothing where nothing is, or where it cannot be served, which is told.
    pub(super) async fn start(settings: &Settings, metrics: &Arc<Metrics>) -> Option<Self> {
        let web = settings.web.as_ref()?;
        match Self::try_start(settings, web, metrics).await {
            Ok(serving) => Some(serving),
            Err(error) => {
                error!("health, figures and webhooks are not served, passes go on without them: {error:#}");
                None
            }
        }
    }

    async fn try_start(settings: &Settings, web: &WebSection, metrics: &Arc<Metrics>) -> anyhow::Result<Self> {
        let sockets = match Sockets::handed_over().context("the sockets of the service manager cannot be used")? {
            Some(sockets) => sockets,
            None => Sockets::bind(web.bind).await.with_context(|| format!("{} cannot be bound", web.bind))?,
        };
        let is_open = sockets.is_open();
        if let Some(problem) = lacks_token(is_open, Some(web)) {
            bail!(problem);
        }
        let hints = Hints::beside(&settings.state_path).context("the file of hints beside the state cannot be used")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        metrics.starts(clock.now());
        let watch = Watch { metrics: Arc::clone(metrics), vitals: Arc::new(Vitals::default()), hints };
        let site = Site::new(watch.clone(), settings, Arc::clone(&clock));
        for address in sockets.addresses() {
            info!(web.address = %address, "health, figures and webhooks are served at http://{address}");
        }
        let web = Web::serve(sockets, &site.router(), &clock);
        Ok(Self { watch, site, web, is_open })
    }

    /// Why another configuration cannot hold while this process runs, if it cannot.
    pub(super) fn refuses(serving: Option<&Self>, present: &Settings, wanted: &Settings) -> Option<String> {
        let bind = |settings: &Settings| settings.web.as_ref().map(|web| web.bind);
        if bind(present) != bind(wanted) {
            return Some("web.enabled and web.bind cannot change while this process runs: restart it".to_owned());
        }
        lacks_token(serving.is_some_and(|serving| serving.is_open), wanted.web.as_ref())
    }

    /// Another configuration holds from now on.
    pub(super) fn reconfigure(&self, settings: &Settings) {
        self.site.reconfigure(settings);
    }

    /// Takes no more clients.
    pub(super) async fn close(self) {
        self.web.close().await;
    }
}

/// Tells of sockets that the service manager holds open although nothing is served: clients come in there, and nobody answers.
pub(super) fn tell_unserved() {
    let handed = listenfd::ListenFd::from_env().len();
    if handed > 0 {
        warn!(
            web.sockets = handed,
            "the service manager hands over a socket, and nobody answers there: set web.enabled, or disable the socket unit"
        );
    }
}

/// What is wrong where others than this machine reach a socket and need not say who they are.
fn lacks_token(is_open: bool, web: Option<&WebSection>) -> Option<String> {
    let lacks = is_open && web.is_some_and(|web| web.token.is_none());
    lacks.then(|| "a socket is reached from beyond loopback: set web.token_file".to_owned())
}
