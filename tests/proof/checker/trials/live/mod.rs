//! Real firms: what the engine leaves behind is clean, and what somebody tampered with afterwards is told.

mod clean;
mod every;
mod tampered;
mod watched;

use std::future::Future;

use libtest_mimic::Trial;

use super::trial;

/// One trial an async function.
macro_rules! live {
    ($($name:ident,)*) => {
        pub fn trials() -> Vec<libtest_mimic::Trial> {
            vec![$(super::one(concat!(module_path!(), "::", stringify!($name)), $name)),*]
        }
    };
}
use live;

pub fn trials() -> Vec<Trial> {
    clean::trials().into_iter().chain(tampered::trials()).chain(every::trials()).collect()
}

fn one<F: Future<Output = Result<(), String>> + 'static>(path: &str, run: fn() -> F) -> Trial {
    let name = path.rsplit("trials::").next().unwrap_or(path);
    trial(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run())
    })
}
