//! An empty state with its tables, made once: copied, it saves each case the making.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flowtly_sync::store::Store;
use flowtly_sync::store::lock::WriterLock;
use tokio::runtime::Builder;

/// Puts a copy where a firm's state is kept.
pub fn copy_to(state: &Path) {
    std::fs::copy(template(), state).unwrap();
}

fn template() -> &'static PathBuf {
    static TEMPLATE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = TEMPLATE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.sqlite");
        let making = path.clone();
        // A runtime of its own: this may be called from within another.
        let made = std::thread::spawn(move || {
            Builder::new_current_thread().build().unwrap().block_on(async {
                Store::open(&WriterLock::take(&making).unwrap()).await.unwrap().close().await.unwrap();
            });
        });
        made.join().unwrap();
        (directory, path)
    });
    path
}
