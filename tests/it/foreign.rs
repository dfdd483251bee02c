//! Replays what was kept of the fuzz targets: seeds, and every input that once broke a reader.

#[path = "../fuzz/readers/mod.rs"]
mod readers;

use std::panic::catch_unwind;
use std::path::Path;

#[test]
fn every_kept_input_is_read() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut broken = Vec::new();
    for (target, reader) in readers::READERS {
        let mut kept = 0;
        for file in std::fs::read_dir(seeds.join(target)).unwrap() {
            let path = file.unwrap().path();
            let input = std::fs::read(&path).unwrap();
            kept += 1;
            if catch_unwind(|| reader(&input)).is_err() {
                broken.push(path);
            }
        }
        assert!(kept > 0, "{target} has no kept input");
    }
    assert!(broken.is_empty(), "cannot be read: {broken:?}");
}
