//! The socket as a file: for its owner alone, cleaned up after a daemon that was killed, never taken from one that lives.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::net::UnixListener;

/// Why there is no control socket.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Another daemon answers there.
    #[error("another daemon answers at the control socket {}; give each daemon a control.socket of its own", path.display())]
    Live {
        /// The file.
        path: PathBuf,
    },
    /// Something else stands there.
    #[error("{} is in the way and no socket; remove it, or set control.socket to another path", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("the control socket {} cannot be made: {error}; set control.socket to a short path in a folder that may be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        error: io::Error,
    },
}

/// A socket that is listened to. Its file goes with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and number of the file: another daemon's is left alone.
    file: (u64, u64),
}

impl Socket {
    /// Makes the socket. The state's lock is held by the caller, so that a file which nobody answers at is a dead daemon's.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |error: io::Error| SocketError::Io { path: path.to_path_buf(), error };
        clear(path)?;
        // Made in a folder of its own that nobody else may enter, then moved to its place: at no moment can another user
        // connect, whatever the umask is.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let nursery = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let _ = fs::remove_dir_all(&nursery);
        DirBuilder::new().mode(0o700).create(&nursery).map_err(failed)?;
        let made = make(&nursery.join("s"), path);
        let _ = fs::remove_dir_all(&nursery);
        let (listener, made) = made.map_err(failed)?;
        Ok(Self { listener, path: path.to_path_buf(), file: (made.dev(), made.ino()) })
    }

    /// Where clients come in.
    pub(super) const fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.file);
        if is_ours {
            // Left behind, it would be cleaned up by the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make(nursery: &Path, path: &Path) -> io::Result<(UnixListener, Metadata)> {
    let listener = UnixListener::bind(nursery)?;
    fs::set_permissions(nursery, Permissions::from_mode(0o600))?;
    // Unlike a rename, a link never replaces what somebody put there meanwhile.
    fs::hard_link(nursery, path)?;
    Ok((listener, fs::symlink_metadata(path)?))
}

/// Takes away what a dead daemon left.
fn clear(path: &Path) -> Result<(), SocketError> {
    let failed = |error: io::Error| SocketError::Io { path: path.to_path_buf(), error };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(file) if !file.file_type().is_socket() => {
            return Err(SocketError::InTheWay { path: path.to_path_buf() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // Somebody answers, or may be too busy to.
        Ok(_) => Err(SocketError::Live { path: path.to_path_buf() }),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(SocketError::Live { path: path.to_path_buf() }),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        (folder, path)
    }

    #[tokio::test]
    async fn a_socket_is_for_its_owner_alone_and_goes_with_its_daemon() {
        let (folder, path) = folder();
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_dead_daemons_socket_is_cleaned_up_and_a_live_one_is_never_taken() {
        let (_folder, path) = folder();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "as a daemon that was killed leaves it");
        let live = Socket::bind(&path).unwrap();
        assert!(matches!(Socket::bind(&path), Err(SocketError::Live { .. })));
        UnixStream::connect(&path).unwrap();
        drop(live);
        assert!(Socket::bind(&path).is_ok());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let (_folder, path) = folder();
        fs::write(&path, "notes").unwrap();
        assert!(matches!(Socket::bind(&path), Err(SocketError::InTheWay { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }

    #[tokio::test]
    async fn anothers_socket_in_our_place_stays() {
        let (_folder, path) = folder();
        let ours = Socket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let theirs = Socket::bind(&path).unwrap();
        drop(ours);
        assert!(path.exists());
        drop(theirs);
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_says_the_mend() {
        let (folder, _) = folder();
        let long = folder.path().join("x".repeat(120));
        let error = Socket::bind(&long).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("set control.socket to a short path"), "{error}");
    }
}
