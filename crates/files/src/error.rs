use std::fmt;
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a file. Every message names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, `create`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A plain file was expected.
    #[error("{} is {kind}, not a plain file", path.display())]
    Special {
        /// Where.
        path: PathBuf,
        /// What is there.
        kind: Kind,
    },
    /// A folder was expected.
    #[error("{} is {kind}, not a folder", path.display())]
    NoFolder {
        /// Where.
        path: PathBuf,
        /// What is there.
        kind: Kind,
    },
    /// More bytes than are taken from such a file.
    #[error("{} has {size} bytes; at most {most} are read from such a file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The bound.
        most: u64,
    },
    /// The bytes are no text.
    #[error("{} is not UTF-8 text (byte {at})", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that no text has.
        at: usize,
    },
    /// Another process writes there.
    #[error(
        "{} is in use by {who}: end that run first, or choose another folder", folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// `process 1234`, or `another process` where that cannot be read.
        who: String,
    },
    /// The files of a save are whole and current, but some could not be moved to their places.
    #[error(
        "the save in {} is whole, but not all of its files could be moved to their places \
         ({source}); it is read from its subfolder .commit, and the next save moves them", folder.display()
    )]
    Unmoved {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: Box<Error>,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { action, path: path.to_path_buf(), source }
    }

    /// Whether there is no such file, nor a folder that it could be in.
    pub fn is_not_found(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        matches!(self, Error::Io { source, .. } if matches!(source.kind(), NotFound | NotADirectory))
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A link, where links are not followed.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// Anything else.
    Other,
}

impl Kind {
    /// Of a file type.
    pub fn of(kind: FileType) -> Self {
        match kind {
            k if k.is_file() => Kind::File,
            k if k.is_dir() => Kind::Folder,
            k if k.is_symlink() => Kind::Link,
            k => Kind::special(k),
        }
    }

    #[cfg(unix)]
    fn special(kind: FileType) -> Self {
        use std::os::unix::fs::FileTypeExt;
        match kind {
            k if k.is_fifo() => Kind::Pipe,
            k if k.is_socket() => Kind::Socket,
            k if k.is_block_device() || k.is_char_device() => Kind::Device,
            _ => Kind::Other,
        }
    }

    #[cfg(not(unix))]
    fn special(_: FileType) -> Self {
        Kind::Other
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::File => "a file",
            Kind::Folder => "a folder",
            Kind::Link => "a link",
            Kind::Pipe => "a named pipe",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
            Kind::Other => "something special",
        })
    }
}
