//! One life of the process: it opens the state, makes one pass, and closes the state, unless it dies on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowtly_sync::clock::Clock;
use flowtly_sync::connector::registry::{Systems, Transports, connect};
use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::RouterTransport;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::{Store, intent};
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Report, Request};
use flowtly_sync::sync::{Pace, PassError, World};
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling};
use crate::meddle::Meddler;
use crate::steps::{Stepping, Steps};
use crate::{hints, template};

/// What a pass looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Complete,
    /// What changed.
    Incremental,
    /// What webhooks name, and they name everything.
    Hinted,
}

/// What became of a life.
#[derive(Debug)]
pub enum Lived {
    /// The pass ended, and so many writes are open.
    Ended(Box<Report>, usize),
    /// The pass failed, and the process lived on to say so.
    #[expect(dead_code, reason = "shown where a case fails")]
    Failed(PassError),
    /// The process died.
    Died,
}

/// Lives once. Everything is done in turn, so that the same firm takes the same steps.
pub async fn live(firm: &Firm, extent: Extent, steps: &Steps) -> Lived {
    let hints = if extent == Extent::Hinted { hints::all(firm).await } else { BTreeSet::new() };
    let settings = firm.settings();
    let systems = systems(firm, &settings, steps);
    let ruling = ruling(&settings);
    if !firm.state().exists() {
        template::copy_to(&firm.state());
    }
    let lock = WriterLock::take(&firm.state()).unwrap();
    let mut store = Store::open(&lock).await.unwrap();
    steps.watch(&mut store).await;
    let world = World { pace: Pace::InTurn, ..World::of(&systems, firm.clock.as_ref(), &ruling) };
    let sinks = Sinks::from(&systems);
    let request = Request { complete: extent == Extent::Complete, allow: BTreeSet::from([RefusalName::FirstPass]) };
    let stop = CancellationToken::new();
    let whole = async {
        let (mut store, outcome) = match extent {
            Extent::Complete | Extent::Incremental => pass::run(world, sinks, store, request, &stop).await,
            Extent::Hinted => pass::hinted(world, sinks, store, &hints, &stop).await,
        };
        let open = intent::open(store.connection()).await.map(|open| open.len());
        // Folding the log in is no commit; what fails here was already told by the pass.
        let _ = store.close().await;
        outcome.map(|report| (report, open.unwrap()))
    };
    tokio::select! {
        biased;
        () = steps.death() => Lived::Died,
        // The dead say nothing, even where the error of their last step came back first.
        outcome = whole => match outcome {
            _ if steps.is_dead() => Lived::Died,
            Ok((report, open)) => Lived::Ended(Box::new(report), open),
            Err(error) => Lived::Failed(error),
        },
    }
}

fn systems(firm: &Firm, settings: &flowtly_sync::config::Settings, steps: &Steps) -> Systems {
    let stepping = |side, router| Stepping::new(Meddler::new(router, side, firm.meddling.clone()), side, steps.clone());
    let transports = Transports {
        flowtly: Arc::new(stepping(Side::Flowtly, RouterTransport::new(firm.flowtly.router(), firm.flowtly.faults()))),
        crm: Arc::new(stepping(Side::Crm, RouterTransport::new(firm.crm.router(), firm.crm.faults()))),
    };
    let clock: Arc<dyn Clock> = firm.clock.clone();
    connect(settings, transports, &clock).unwrap()
}
