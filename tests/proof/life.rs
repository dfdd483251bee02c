//! One life of the process: it opens the state, makes one pass, and closes the state, unless it dies on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowtly_sync::clock::Clock;
use flowtly_sync::connector::registry::{Systems, Transports, connect};
use flowtly_sync::domain::record::Side;
use flowtly_sync::domain::safety::RefusalName;
use flowtly_sync::sandbox::RouterTransport;
use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::sync::apply::Sinks;
use flowtly_sync::sync::pass::{self, Report, Request};
use flowtly_sync::sync::{Pace, PassError, World};
use tokio_util::sync::CancellationToken;

use crate::firm::{Firm, ruling};
use crate::meddle::Meddler;
use crate::steps::{Stepping, Steps};

/// What became of a life.
#[derive(Debug)]
pub enum Lived {
    /// The pass ended.
    Ended(Box<Report>),
    /// The pass failed, and the process lived on to say so.
    #[expect(dead_code, reason = "shown where a case fails")]
    Failed(PassError),
    /// The process died.
    Died,
}

/// Lives once. Everything is done in turn, so that the same firm takes the same steps.
pub async fn live(firm: &Firm, complete: bool, steps: &Steps) -> Lived {
    let settings = firm.settings();
    let systems = systems(firm, &settings, steps);
    let ruling = ruling(&settings);
    let lock = WriterLock::take(&firm.state()).unwrap();
    let mut store = Store::open(&lock).await.unwrap();
    steps.watch(&mut store).await;
    let world = World { pace: Pace::InTurn, ..World::of(&systems, firm.clock.as_ref(), &ruling) };
    let sinks = Sinks::from(&systems);
    let request = Request { complete, allow: BTreeSet::from([RefusalName::FirstPass]) };
    let stop = CancellationToken::new();
    let whole = async {
        let (store, outcome) = pass::run(world, sinks, store, request, &stop).await;
        // Folding the log in is no commit; what fails here was already told by the pass.
        let _ = store.close().await;
        outcome
    };
    tokio::select! {
        biased;
        () = steps.death() => Lived::Died,
        // The dead say nothing, even where the error of their last step came back first.
        outcome = whole => match outcome {
            _ if steps.is_dead() => Lived::Died,
            Ok(report) => Lived::Ended(Box::new(report)),
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
