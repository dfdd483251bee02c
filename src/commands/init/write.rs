//! Where the configuration and its secrets are to stand, and putting them there: whole or not at all.

use std::fs::{DirBuilder, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};

use super::answers::Held;
use crate::config::without_line_break;

/// What a new configuration may be read by, as far as the process's mask says nothing else: a service often runs as another
/// user, and nothing in it is secret.
const READABLE: u32 = 0o644;

/// Secrets are for their owner alone.
const PRIVATE: u32 = 0o600;

/// Where all of it is to stand.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The configuration.
    pub(super) path: PathBuf,
    /// The folder that relative paths of secrets start from.
    pub(super) secrets: PathBuf,
    /// What stands there may be replaced.
    pub(super) force: bool,
}

impl Target {
    /// Fails where the file would not be written in the end, so that nobody answers in vain.
    pub(super) fn at(path: PathBuf, credentials: Option<PathBuf>, force: bool) -> anyhow::Result<Self> {
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        let target = Self { secrets: credentials.unwrap_or(beside), path, force };
        target.is_free()?;
        // Of a service: where its folder is there, that of its secrets is made beside it.
        if target.secrets.parent().is_some_and(|folder| folder == self::folder(&target.path)) {
            match DirBuilder::new().mode(0o700).create(&target.secrets) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists && error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("{} cannot be made", target.secrets.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        for folder in [folder(&target.path), or_here(&target.secrets)] {
            tempfile::tempfile_in(folder).with_context(|| {
                let folder = folder.display();
                format!("nothing can be written in {folder}: make it, or name another file with --output")
            })?;
        }
        Ok(target)
    }

    fn is_free(&self) -> anyhow::Result<()> {
        // A link that leads nowhere stands there, too.
        if std::fs::symlink_metadata(&self.path).is_ok() && !self.force {
            bail!("{} is there already: --force replaces it, --output names another file", self.path.display());
        }
        Ok(())
    }

    /// The secret that stands under this name where the configuration looks for it.
    pub(super) fn secret_there(&self, name: &str) -> Option<Held> {
        let text = std::fs::read_to_string(self.secrets.join(name)).ok()?;
        let text = without_line_break(&text);
        (!text.is_empty()).then(|| Held { text: text.into(), file: name.to_owned(), is_there: true })
    }

    /// The secret in a file that somebody names. One in the folder of secrets stays where it is; another is copied there, as
    /// `name`.
    pub(super) fn secret_in(&self, file: &Path, name: &str) -> Result<Held, String> {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let text = without_line_break(&text);
        if text.is_empty() {
            return Err(format!("{} is empty; write the secret into it", file.display()));
        }
        let same = |one: &Path, other: &Path| std::fs::canonicalize(one).ok() == std::fs::canonicalize(other).ok();
        let own_name = file.file_name().and_then(|own| own.to_str());
        match own_name.filter(|_| file.is_file() && same(folder(file), or_here(&self.secrets))) {
            Some(own) => Ok(Held { text: text.into(), file: own.to_owned(), is_there: true }),
            None => self.secret_to_be(text.into(), name),
        }
    }

    /// A secret that is going to be written under this name. Another one that stands there is not replaced by accident.
    pub(super) fn secret_to_be(&self, text: SecretString, name: &str) -> Result<Held, String> {
        let path = self.secrets.join(name);
        let is_there = match self.secret_there(name) {
            Some(there) if there.text.expose_secret() == text.expose_secret() => true,
            Some(_) if !self.force => {
                let path = path.display();
                return Err(format!("{path} holds another secret: --force replaces it, or take away that file"));
            }
            Some(_) | None => false,
        };
        Ok(Held { text, file: name.to_owned(), is_there })
    }

    /// The file of a secret that stood there before, where others may read it.
    pub(super) fn open_to_others(&self, held: &Held) -> Option<PathBuf> {
        let path = self.secrets.join(&held.file);
        let mode = std::fs::metadata(&path).ok().filter(|_| held.is_there)?.permissions().mode();
        (mode & 0o077 != 0).then_some(path)
    }

    /// Writes the secrets that are not there yet, and then the configuration. What was written is taken away where the rest
    /// cannot be. Returns the paths of the secrets.
    pub(super) fn write<'a>(
        &self,
        text: &str,
        secrets: impl Iterator<Item = &'a Held>,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let mut made = Vec::new();
        let written = self.write_all(text, secrets, &mut made);
        if written.is_err() {
            for path in made {
                // It was not there before; the error tells what is to be done.
                let _ = std::fs::remove_file(path);
            }
        }
        written
    }

    fn write_all<'a>(
        &self,
        text: &str,
        secrets: impl Iterator<Item = &'a Held>,
        made: &mut Vec<PathBuf>,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for held in secrets.filter(|held| !held.is_there) {
            let path = self.secrets.join(&held.file);
            let is_new = std::fs::symlink_metadata(&path).is_err();
            let secret = format!("{}\n", held.text.expose_secret());
            put(&path, secret.as_bytes(), PRIVATE, true).with_context(|| cannot_be_written(&path))?;
            if is_new {
                made.push(path.clone());
            }
            paths.push(path);
        }
        self.is_free()?;
        put(&self.path, text.as_bytes(), READABLE, self.force).with_context(|| cannot_be_written(&self.path))?;
        Ok(paths)
    }
}

fn cannot_be_written(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    or_here(path.parent().unwrap_or(path))
}

fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The file holds this from now on: all of it, or what it held before. One that is replaced keeps its owner and who may read it,
/// unless it holds a secret.
fn put(path: &Path, content: &[u8], mode: u32, replace: bool) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".flowtly-sync-").permissions(Permissions::from_mode(mode));
    // A link is followed: what it leads to is what is replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = builder.tempfile_in(folder(&path))?;
    file.write_all(content)?;
    if let (Ok(before), true) = (std::fs::metadata(&path), mode != PRIVATE) {
        // Who is not root can only keep it where it is theirs.
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(before.uid()), Some(before.gid()));
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    if replace {
        file.persist(&path)?;
    } else {
        file.persist_noclobber(&path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn new(text: &str, name: &str) -> Held {
        Held { text: text.into(), file: name.to_owned(), is_there: false }
    }

    fn at(folder: &Path, force: bool) -> anyhow::Result<Target> {
        Target::at(folder.join("flowtly-sync.toml"), None, force)
    }

    #[test]
    fn a_configuration_can_be_read_and_its_secrets_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = at(folder.path(), false).unwrap();
        let paths = target.write("[flowtly]\n", [new("hunter2", "flowtly-password")].iter()).unwrap();
        assert_eq!(paths, [folder.path().join("flowtly-password")]);
        assert_eq!((std::fs::read_to_string(&paths[0]).unwrap(), mode(&paths[0])), ("hunter2\n".to_owned(), 0o600));
        assert_eq!(mode(&target.path) & 0o600, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "and nothing beside them");
        assert!(at(folder.path(), false).unwrap_err().to_string().contains("--force replaces it"));
    }

    #[test]
    fn what_is_replaced_keeps_who_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flowtly-sync.toml");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        at(folder.path(), true).unwrap().write("new", std::iter::empty()).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), mode(&path)), ("new".to_owned(), 0o640));
    }

    #[test]
    fn a_file_that_came_in_between_is_left_alone_and_no_secret_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = at(folder.path(), false).unwrap();
        std::fs::write(&target.path, "somebody else's").unwrap();
        assert!(target.write("new", [new("hunter2", "flowtly-password")].iter()).is_err());
        assert_eq!(std::fs::read_to_string(&target.path).unwrap(), "somebody else's");
        assert!(!folder.path().join("flowtly-password").exists());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_before_anything_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let error = at(&folder.path().join("missing"), false).unwrap_err().to_string();
        assert!(error.contains("missing") && error.contains("--output"), "{error}");
    }

    #[test]
    fn the_folder_of_a_services_secrets_is_made_beside_its_configuration_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let secrets = folder.path().join("secrets");
        Target::at(path.clone(), Some(secrets.clone()), false).unwrap();
        assert_eq!(mode(&secrets), 0o700);
        let elsewhere = folder.path().join("other/secrets");
        assert!(Target::at(path, Some(elsewhere.clone()), false).unwrap_err().to_string().contains("other/secrets"));
        assert!(!elsewhere.exists());
    }

    #[test]
    fn a_secret_stays_where_it_is_looked_for_and_is_copied_from_elsewhere() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = at(folder.path(), false).unwrap();
        std::fs::write(folder.path().join("mine"), "hunter2\n").unwrap();
        let held = target.secret_in(&folder.path().join("mine"), "flowtly-password").unwrap();
        std::fs::set_permissions(folder.path().join("mine"), Permissions::from_mode(0o600)).unwrap();
        assert_eq!(target.open_to_others(&held), None);
        std::fs::set_permissions(folder.path().join("mine"), Permissions::from_mode(0o640)).unwrap();
        assert_eq!(target.open_to_others(&held), Some(folder.path().join("mine")));
        assert_eq!((held.file.as_str(), held.is_there, held.text.expose_secret()), ("mine", true, "hunter2"));

        let file = elsewhere.path().join("password");
        std::fs::write(&file, "hunter3").unwrap();
        let held = target.secret_in(&file, "flowtly-password").unwrap();
        assert_eq!((held.file.as_str(), held.is_there), ("flowtly-password", false));

        std::fs::write(folder.path().join("flowtly-password"), "hunter4").unwrap();
        let refused = target.secret_in(&file, "flowtly-password").unwrap_err();
        assert!(refused.contains("holds another secret") && !refused.contains("hunter"), "{refused}");
        assert!(Target { force: true, ..target }.secret_in(&file, "flowtly-password").is_ok());
        std::fs::write(&file, "\n").unwrap();
        let empty = at(folder.path(), false).unwrap().secret_in(&file, "flowtly-password").unwrap_err();
        assert!(empty.contains("is empty"), "{empty}");
    }
}
