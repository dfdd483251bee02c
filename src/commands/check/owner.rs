//! Whether the service can read what root can: root reads everything, and a file that root copied is often root's alone.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::warning;
use crate::config::Settings;
use crate::render::lists::check::Finding;

/// Whom the state belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    fn may_read(self, file: &Metadata) -> bool {
        let wanted = match (file.uid() == self.user, file.gid() == self.group) {
            (true, _) => 0o400,
            (false, true) => 0o040,
            (false, false) => 0o004,
        };
        file.mode() & wanted != 0
    }
}

/// Looks, as root, at the files of the configuration with the eyes of the folder's owner in which the state stands. What systemd
/// itself reads and hands over is not among them.
pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let folder = settings.state_path.parent().and_then(|folder| fs::metadata(folder).ok());
    match folder.map(|folder| Owner { user: folder.uid(), group: folder.gid() }) {
        Some(owner) if owner.user != 0 && rustix::process::geteuid().is_root() => unreadable(settings.files(), owner),
        Some(_) | None => Vec::new(),
    }
}

fn unreadable(files: &[PathBuf], owner: Owner) -> Vec<Finding> {
    let is_closed = |file: &&PathBuf| fs::metadata(file).is_ok_and(|file| !owner.may_read(&file));
    let told = |file: &PathBuf| {
        let message = format!("{} may not be read by user {}, whose the state is", file.display(), owner.user);
        let mend = format!("chgrp {} {file} && chmod g+r {file}", owner.group, file = file.display());
        warning("configuration", message, mend)
    };
    files.iter().filter(is_closed).map(told).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rstest::rstest;

    use super::*;
    use crate::render::lists::check::Health;

    #[rstest]
    #[case::the_owners_alone_and_it_is_the_owner(0o600, (0, 0), true)]
    #[case::the_owners_alone(0o600, (1, 0), false)]
    #[case::copied_by_root(0o640, (1, 1), false)]
    #[case::of_the_group(0o640, (1, 0), true)]
    #[case::for_all(0o644, (1, 1), true)]
    #[case::for_all_but_the_group(0o604, (1, 0), false)]
    fn a_file_that_the_service_may_not_read_is_a_warning(
        #[case] mode: u32,
        #[case] other: (u32, u32),
        #[case] is_read: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let ours = fs::metadata(&file).unwrap();
        let owner = Owner { user: ours.uid() + other.0, group: ours.gid() + other.1 };
        let findings = unreadable(&[file, folder.path().join("gone")], owner);
        assert_eq!(findings.is_empty(), is_read, "{findings:?}");
        assert!(findings.iter().all(|finding| finding.health == Health::Warning && finding.mend.is_some()));
    }
}
