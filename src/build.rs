//! Rebuilds when a migration is added: `sqlx::migrate!` embeds the folder at compile time. Has the program linked as the C library
//! that is here can load it.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    if packs_relocations() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// What is relocated as a program starts is listed in a fiftieth of the room, which every process would hold, where the C library
/// reads such lists: glibc from 2.36 on. A program needs the one that it is linked with, or a newer one.
fn packs_relocations() -> bool {
    let is_for = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    if !is_for("CARGO_CFG_TARGET_OS", "linux")
        || !is_for("CARGO_CFG_TARGET_ENV", "gnu")
        || env::var("HOST") != env::var("TARGET")
    {
        return false;
    }
    let Ok(told) = Command::new("getconf").arg("GNU_LIBC_VERSION").output() else { return false };
    let told = String::from_utf8_lossy(&told.stdout);
    let version = told.trim().strip_prefix("glibc ").and_then(|version| version.split_once('.'));
    let number = |part: &str| part.split('.').next().and_then(|part| part.parse::<u32>().ok());
    version.is_some_and(|(major, minor)| (number(major), number(minor)) >= (Some(2), Some(36)))
}
