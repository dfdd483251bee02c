//! The plan as it is stored and as it is told: the input is the JSON of a list of actions.

use std::cell::RefCell;
use std::collections::BTreeSet;

use flowtly_sync::domain::plan::{Action, ActionId, Totals};
use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::{Store, action};

use super::script::run;

pub fn plan(input: &[u8]) {
    let Ok(actions) = serde_json::from_slice::<Vec<Action>>(input) else { return };
    let text = serde_json::to_string(&actions).expect("a plan is JSON");
    assert_eq!(serde_json::from_str::<Vec<Action>>(&text).expect("its own text"), actions);
    let totals: Totals = actions.iter().fold(Totals::default(), |mut totals, action| {
        totals.count(action);
        totals
    });
    let told = serde_json::to_string(&totals).expect("totals are JSON");
    assert_eq!(serde_json::from_str::<Totals>(&told).expect("their own text"), totals);
    for action in &actions {
        let _ = action.reason.to_string();
    }
    let ids: BTreeSet<ActionId> = actions.iter().map(|action| action.id).collect();
    if ids.len() == actions.len() && actions.iter().all(|action| action.id.0 > 0) {
        stored(actions);
    }
}

/// What is put into the state comes out of it, in order.
fn stored(mut actions: Vec<Action>) {
    thread_local! {
        static STORE: RefCell<Option<(std::path::PathBuf, Store)>> = const { RefCell::new(None) };
    }
    STORE.with_borrow_mut(|kept| {
        let (_, store) = kept.get_or_insert_with(open);
        let read = run(async {
            action::clear(store.connection()).await?;
            action::push(store.connection(), &actions).await?;
            action::all(store.connection(), ActionId(0), 10_000).await
        });
        actions.sort_by_key(|action| action.id);
        assert_eq!(read.expect("the state takes every plan"), actions);
    });
}

fn open() -> (std::path::PathBuf, Store) {
    let thread = std::thread::current().id();
    let path = std::env::temp_dir().join(format!("flowtly-sync-{}-{thread:?}.sqlite", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let lock = WriterLock::take(&path).expect("nobody else has this file");
    let store = run(Store::open(&lock)).expect("a new state");
    (path, store)
}
