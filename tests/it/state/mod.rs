//! What can happen to the state: backups, disks that fail, damage, other releases.

mod bench;
mod backups;
mod restores;
mod older;
mod copies;
mod faults;
mod damage;
mod releases;
mod upgrades;
mod quarantine;
mod schedule;
