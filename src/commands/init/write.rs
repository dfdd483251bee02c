//! Where the configuration and its secrets are to stand, and putting them there: whole or not at all.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::answers::Held;
use super::staged::{self, PRIVATE, READABLE, Staged, or_here};
use crate::config::without_line_break;
use crate::store::folder_of;

/// Where all of it is to stand.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The configuration.
    pub(super) path: PathBuf,
    /// The folder that relative paths of secrets start from.
    pub(super) secrets: PathBuf,
    /// What stands there may be replaced.
    pub(super) force: bool,
    /// The folder of secrets is a service's, whose unit hands over its own names and no others.
    of_service: bool,
}

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The files of secrets.
    pub(super) secrets: Vec<PathBuf>,
    /// Where the configuration stands that was replaced.
    pub(super) kept: Option<PathBuf>,
}

impl Target {
    /// Fails where the file would not be written in the end, so that nobody answers in vain.
    pub(super) fn at(path: PathBuf, credentials: Option<PathBuf>, force: bool) -> anyhow::Result<Self> {
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        let of_service = credentials.is_some();
        let target = Self { secrets: credentials.unwrap_or(beside), path, force, of_service };
        target.is_free()?;
        // Of a service: where its folder is there, that of its secrets is made beside it.
        if target.secrets.parent().is_some_and(|folder| folder == folder_of(&target.path)) {
            match DirBuilder::new().mode(0o700).create(&target.secrets) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists && error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("{} cannot be made", target.secrets.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        for folder in [folder_of(&target.path), or_here(&target.secrets)] {
            tempfile::tempfile_in(folder).with_context(|| {
                let folder = folder.display();
                format!("nothing can be written in {folder}: make it, or name another file with --output")
            })?;
        }
        Ok(target)
    }

    fn is_free(&self) -> anyhow::Result<()> {
        let path = self.path.display();
        match std::fs::metadata(&self.path) {
            Ok(there) if there.is_dir() => bail!("{path} is a folder: name a file in it with --output"),
            Ok(there) if !there.is_file() => bail!("{path} is no regular file: name another one with --output"),
            Ok(_) if !self.force => {
                bail!("{path} is there already: --force replaces it, --output names another file")
            }
            Err(_) if self.path.is_symlink() => {
                bail!("{path} is a link that leads nowhere: take it away, or name another file with --output")
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The secret that stands under this name where the configuration looks for it.
    pub(super) fn secret_there(&self, name: &str) -> Option<Held> {
        let text = std::fs::read_to_string(self.secrets.join(name)).ok()?;
        let text = without_line_break(&text);
        (!text.is_empty()).then(|| Held { text: text.into(), file: name.to_owned(), is_there: true })
    }

    /// The secret in a file that somebody names. One in the folder of secrets stays where it is, if it can be loaded by its own
    /// name; another is copied there, as `name`.
    pub(super) fn secret_in(&self, file: &Path, name: &str) -> Result<Held, String> {
        let text =
            std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let text = without_line_break(&text);
        if text.is_empty() {
            return Err(format!("{} is empty; write the secret into it", file.display()));
        }
        let same = |one: &Path, other: &Path| std::fs::canonicalize(one).ok() == std::fs::canonicalize(other).ok();
        let own_name = file.file_name().and_then(|own| own.to_str());
        let can_be_loaded = |own: &&str| !self.of_service || *own == name;
        let own_name = own_name.filter(can_be_loaded);
        match own_name.filter(|_| file.is_file() && same(folder_of(file), or_here(&self.secrets))) {
            Some(own) => Ok(Held { text: text.into(), file: own.to_owned(), is_there: true }),
            None => self.secret_to_be(text.into(), name),
        }
    }

    /// A secret that is going to be written under this name. Another one that stands there is not replaced by accident.
    pub(super) fn secret_to_be(&self, text: SecretString, name: &str) -> Result<Held, String> {
        let path = self.secrets.join(name);
        if std::fs::symlink_metadata(&path).is_ok() && !path.is_file() {
            return Err(format!(
                "{} is no regular file, and stands where the secret belongs: take it away",
                path.display()
            ));
        }
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

    /// Writes the secrets that are not there yet, and then the configuration; one that is replaced is kept beside it. All of it
    /// is written, or everything stands as before.
    pub(super) fn write<'a>(
        &self,
        text: &str,
        secrets: impl Iterator<Item = &'a Held>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Written> {
        self.is_free()?;
        let mut staged = Vec::new();
        let mut written = Written::default();
        for held in secrets.filter(|held| !held.is_there) {
            let path = self.secrets.join(&held.file);
            let secret = format!("{}\n", held.text.expose_secret());
            let file = Staged::new(&path, secret.as_bytes(), PRIVATE, true);
            staged.push(file.with_context(|| cannot_be_written(&path))?);
            written.secrets.push(path);
        }
        if self.force {
            let ending = format!(".before-init-{}", now.format("%Y%m%dT%H%M%SZ"));
            let kept = Staged::copy(&self.path, &ending);
            let kept = kept.with_context(|| format!("{} cannot be kept", self.path.display()))?;
            written.kept = kept.as_ref().map(|kept| kept.path().to_owned());
            staged.extend(kept);
        }
        let file = Staged::new(&self.path, text.as_bytes(), READABLE, self.force);
        staged.push(file.with_context(|| cannot_be_written(&self.path))?);
        staged::put(staged)?;
        Ok(written)
    }
}

fn cannot_be_written(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn new(text: &str, name: &str) -> Held {
        Held { text: text.into(), file: name.to_owned(), is_there: false }
    }

    fn now() -> DateTime<Utc> {
        "2026-08-01T06:30:00Z".parse().unwrap()
    }

    fn at(folder: &Path, force: bool) -> anyhow::Result<Target> {
        Target::at(folder.join("flowtly-sync.toml"), None, force)
    }

    #[test]
    fn a_configuration_can_be_read_and_its_secrets_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = at(folder.path(), false).unwrap();
        let written = target.write("[flowtly]\n", [new("hunter2", "flowtly-password")].iter(), now()).unwrap();
        let paths = [folder.path().join("flowtly-password")];
        assert_eq!(written, Written { secrets: paths.to_vec(), kept: None });
        assert_eq!((std::fs::read_to_string(&paths[0]).unwrap(), mode(&paths[0])), ("hunter2\n".to_owned(), 0o600));
        assert_eq!(mode(&target.path) & 0o600, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "and nothing beside them");
        assert!(at(folder.path(), false).unwrap_err().to_string().contains("--force replaces it"));
    }

    #[test]
    fn what_is_replaced_is_kept_and_both_keep_who_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flowtly-sync.toml");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let target = at(folder.path(), true).unwrap();
        let kept = target.write("new", std::iter::empty(), now()).unwrap().kept.unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), mode(&path)), ("new".to_owned(), 0o640));
        assert_eq!(kept, folder.path().join("flowtly-sync.toml.before-init-20260801T063000Z"));
        assert_eq!((std::fs::read_to_string(&kept).unwrap(), mode(&kept)), ("old".to_owned(), 0o640));

        // A second time within the second: what is kept is not replaced either.
        assert!(target.write("newer", [new("hunter2", "flowtly-password")].iter(), now()).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert!(!folder.path().join("flowtly-password").exists());
    }

    #[test]
    fn a_secret_that_would_be_replaced_stays_where_the_configuration_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("flowtly-password");
        std::fs::write(&secret, "old").unwrap();
        let target = at(folder.path(), true).unwrap();
        std::fs::create_dir(&target.path).unwrap();
        let told = target.write("new", [new("hunter2", "flowtly-password")].iter(), now()).unwrap_err().to_string();
        assert!(told.contains("is a folder"), "{told}");
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "old");
    }

    #[test]
    fn what_is_no_file_is_told_before_anything_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| Target::at(path.to_owned(), None, true).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("is a folder: name a file in it with --output"));
        assert!(refused(Path::new("/dev/null")).contains("is no regular file"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(refused(&link).contains("leads nowhere"));
        std::fs::create_dir(folder.path().join("flowtly-password")).unwrap();
        let told = at(folder.path(), true).unwrap().secret_to_be("hunter2".into(), "flowtly-password").unwrap_err();
        assert!(told.contains("flowtly-password is no regular file"), "{told}");
    }

    #[test]
    fn a_unit_finds_a_secret_by_its_own_name_alone() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        let target = Target::at(folder.path().join("config.toml"), Some(secrets.clone()), false).unwrap();
        std::fs::write(secrets.join("mine"), "hunter2\n").unwrap();
        let held = target.secret_in(&secrets.join("mine"), "flowtly-password").unwrap();
        assert_eq!((held.file.as_str(), held.is_there), ("flowtly-password", false));
        std::fs::write(secrets.join("flowtly-password"), "hunter2\n").unwrap();
        let held = target.secret_in(&secrets.join("flowtly-password"), "flowtly-password").unwrap();
        assert_eq!((held.file.as_str(), held.is_there), ("flowtly-password", true));
    }

    #[test]
    fn a_file_that_came_in_between_is_left_alone_and_no_secret_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = at(folder.path(), false).unwrap();
        std::fs::write(&target.path, "somebody else's").unwrap();
        assert!(target.write("new", [new("hunter2", "flowtly-password")].iter(), now()).is_err());
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
