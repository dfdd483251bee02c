//! Files that take their places together: all of them, or none.

use std::fs::{Metadata, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::store::folder_of;

/// What a new configuration may be read by, as far as the process's mask says nothing else: a service often runs as another
/// user, and nothing in it is secret.
pub(super) const READABLE: u32 = 0o644;

/// Secrets are for their owner alone.
pub(super) const PRIVATE: u32 = 0o600;

/// A file that is whole, beside the place that it is going to take.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    file: NamedTempFile,
    /// A copy of what is replaced, to be brought back. Without one nothing is replaced.
    before: Option<NamedTempFile>,
}

impl Staged {
    /// A file that is to hold this. One that is replaced keeps its owner and who may read it, unless it holds a secret.
    pub(super) fn new(path: &Path, content: &[u8], mode: u32, replace: bool) -> std::io::Result<Self> {
        let path = place(path);
        let file = temporary(&path, content, mode)?;
        let before = if replace { copied(&path)? } else { None };
        if before.is_some() && mode != PRIVATE {
            resemble(&file, &std::fs::metadata(&path)?)?;
        }
        Ok(Self { path, file, before })
    }

    /// A copy of a file, beside it and with this behind its name; `None` where there is no such file.
    pub(super) fn copy(path: &Path, ending: &str) -> std::io::Result<Option<Self>> {
        let path = place(path);
        let mut beside = path.clone().into_os_string();
        beside.push(ending);
        Ok(copied(&path)?.map(|file| Self { path: beside.into(), file, before: None }))
    }

    /// The place.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Puts them there, in their order. Where one cannot be put, those before it are taken back: what was replaced stands there
/// again.
pub(super) fn put(all: Vec<Staged>) -> anyhow::Result<()> {
    let mut done: Vec<(PathBuf, Option<NamedTempFile>)> = Vec::new();
    for Staged { path, file, before } in all {
        let put = if before.is_some() { file.persist(&path) } else { file.persist_noclobber(&path) };
        if let Err(error) = put {
            let left: String = done.into_iter().rev().filter_map(|(path, before)| take_back(&path, before)).collect();
            let told = format!("{} cannot be written{left}", path.display());
            return Err(anyhow::Error::new(error.error).context(told));
        }
        done.push((path, before));
    }
    Ok(())
}

/// What could not be taken back, for people.
fn take_back(path: &Path, before: Option<NamedTempFile>) -> Option<String> {
    let shown = path.display();
    let Some(before) = before else {
        let error = std::fs::remove_file(path).err()?;
        return Some(format!("; {shown} is new, and cannot be taken away: {error}"));
    };
    let error = before.persist(path).err()?;
    Some(match error.file.keep() {
        Ok((_, kept)) => format!("; what {shown} held is in {} now", kept.display()),
        Err(lost) => format!("; what {shown} held is lost: {lost}"),
    })
}

/// A folder as it can be opened.
pub(super) fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Where a path leads: what a link leads to is what is replaced.
fn place(path: &Path) -> PathBuf {
    let linked = path.is_symlink().then(|| std::fs::canonicalize(path).ok()).flatten();
    linked.unwrap_or_else(|| path.to_owned())
}

fn temporary(path: &Path, content: &[u8], mode: u32) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".flowtly-sync-").permissions(Permissions::from_mode(mode));
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn copied(path: &Path) -> std::io::Result<Option<NamedTempFile>> {
    let before = match std::fs::metadata(path) {
        Ok(before) => before,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let file = temporary(path, &std::fs::read(path)?, PRIVATE)?;
    resemble(&file, &before)?;
    Ok(Some(file))
}

fn resemble(file: &NamedTempFile, before: &Metadata) -> std::io::Result<()> {
    // Who is not root can only keep it where it is theirs.
    let _ = std::os::unix::fs::fchown(file.as_file(), Some(before.uid()), Some(before.gid()));
    file.as_file().set_permissions(before.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_cannot_be_put_all_of_it_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new, last] = ["old", "new", "last"].map(|name| folder.path().join(name));
        std::fs::write(&old, "before").unwrap();
        std::fs::set_permissions(&old, Permissions::from_mode(0o640)).unwrap();
        let staged = |path: &Path| Staged::new(path, b"after", PRIVATE, true).unwrap();
        let all = vec![staged(&old), staged(&new), staged(&last)];
        std::fs::create_dir(&last).unwrap();
        let told = put(all).unwrap_err().to_string();
        assert_eq!(told, format!("{} cannot be written", last.display()));
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "before");
        assert_eq!(std::fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(!new.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "and nothing beside them");

        std::fs::remove_dir(&last).unwrap();
        put(vec![staged(&old), staged(&new), staged(&last)]).unwrap();
        for path in [old, new, last] {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "after");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "and nothing beside them");
    }

    #[test]
    fn what_a_link_leads_to_is_replaced_and_copied_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        std::fs::write(&file, "before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let kept = Staged::copy(&link, ".kept").unwrap().unwrap();
        put(vec![kept, Staged::new(&link, b"after", READABLE, true).unwrap()]).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "after");
        assert_eq!(std::fs::read_to_string(folder.path().join("file.kept")).unwrap(), "before");
        assert!(Staged::copy(&folder.path().join("none"), ".kept").unwrap().is_none());
    }
}
