//! Secrets come from a file or a variable, never from the configuration file, and are taken as they are.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::key::Key;
use super::reader::Reader;

/// How the name of the key ends that stands beside a secret's own and names a file that holds it. A key with such a
/// neighbour is a secret.
pub(super) const FILE: &str = "_file";

/// How many characters a secret in a path has at least.
const PATH_SECRET: usize = 16;

/// A secret, and the file that it was read from where it was.
pub(crate) struct Secret {
    /// The secret.
    pub(crate) text: SecretString,
    /// The file.
    pub(crate) file: Option<PathBuf>,
}

/// The secret in a file's text. Editors and `echo` end a file with a line break; nothing else is taken away.
pub(crate) fn without_line_break(text: &str) -> &str {
    let secret = text.strip_suffix('\n').unwrap_or(text);
    secret.strip_suffix('\r').unwrap_or(secret)
}

impl Reader<'_> {
    /// The secret without which a system lets nobody in, told where it is missing.
    pub(crate) fn credential(&mut self, dotted: &str, system: &str) -> Option<SecretString> {
        let secret = self.secret(dotted);
        if !self.says(dotted) {
            let key = Key::of(dotted);
            let file = Key::of(&format!("{dotted}{FILE}"));
            let mend = format!("set {}, or {}", file.last(), key.variable());
            self.refuse(&file, format!("there is no credential for {system}"), mend);
        }
        secret.map(|secret| secret.text)
    }

    /// Whether a secret is given, by itself or by its file, rightly or not.
    pub(crate) fn says(&self, dotted: &str) -> bool {
        [Key::of(dotted), Key::of(&format!("{dotted}{FILE}"))]
            .iter()
            .any(|key| self.layers.value(key).is_some_and(|value| value.as_str() != Some("")))
    }

    /// The secret of a key: from its variable, else from the file that the key with [`FILE`] names.
    pub(crate) fn secret(&mut self, dotted: &str) -> Option<Secret> {
        let key = Key::of(dotted);
        let file_key = Key::of(&format!("{dotted}{FILE}"));
        let file = self.optional(&format!("{dotted}{FILE}"));
        if let Some(place) = self.layers.place_written(&key) {
            let mend = format!("put it into a file and name that with {}, or set {}", file_key.last(), key.variable());
            self.refuse_at(place, &key, "a secret does not stand in the configuration file", mend);
            return None;
        }
        let text = self.optional(dotted);
        match (text, file) {
            (Some(_), Some(_)) if self.layers.is_variable(&file_key) => {
                let mend = format!("unset {} or {}", key.variable(), file_key.variable());
                self.refuse(&key, "the secret is given twice", mend);
                None
            }
            (Some(text), _) => Some(Secret { text: text.into(), file: None }),
            (None, Some(file)) => self.secret_in(&file_key, &file),
            (None, None) => None,
        }
    }

    /// A secret that stands in a path, where it must neither be guessed nor need another spelling.
    pub(crate) fn path_secret(&mut self, dotted: &str) -> Option<SecretString> {
        let secret = self.secret(dotted)?;
        let text = secret.text.expose_secret();
        if text.len() >= PATH_SECRET && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_') {
            return Some(secret.text);
        }
        let mend =
            format!("write at least {PATH_SECRET} letters, digits and hyphens, such as `openssl rand -hex 32` makes");
        self.refuse(&Key::of(dotted), "this secret does not do for a path", mend);
        None
    }

    fn secret_in(&mut self, key: &Key, file: &str) -> Option<Secret> {
        if self.is_sealed {
            return None;
        }
        let credentials = self.environment.credentials_directory();
        let is_handed_over = credentials.is_some() && Path::new(file).is_relative();
        let base = credentials.or_else(|| {
            let directory = self.layers.file().and_then(|file| file.parent());
            directory.map(PathBuf::from)
        });
        let path = base.unwrap_or_default().join(file);
        if !is_handed_over {
            self.files.push(path.clone());
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let secret = without_line_break(&text);
                if secret.is_empty() {
                    self.refuse(key, format!("{} is empty", path.display()), "write the secret into it");
                    return None;
                }
                Some(Secret { text: secret.into(), file: Some(path) })
            }
            Err(error) => {
                let mend = "name a file that this user may read; a relative path stands in $CREDENTIALS_DIRECTORY, \
                            else beside the configuration file";
                self.refuse(key, format!("{} cannot be read: {error}", path.display()), mend);
                None
            }
        }
    }
}
