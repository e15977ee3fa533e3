//! Whose a new file is, and who may read it.

use std::fs::{DirBuilder, File};
use std::io;
use std::path::Path;

#[cfg(unix)]
use crate::whole_file::folder_of;

/// Makes a folder, and those above it, for us alone (0700), unless it is there
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes `file` readable for its owner alone, and as far as we may, its owner that of `path`
#[cfg(unix)]
pub(super) fn keep(path: &Path, file: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    // Also under a umask that would take it from ourselves.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let Ok(old) = path.metadata() else {
        return Ok(());
    };
    let new = file.metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        // Only root may give files away; a group may be set by its members.
        let both = fchown(file, Some(old.uid()), Some(old.gid()));
        let _ = both.or_else(|_| fchown(file, None, Some(old.gid())));
    }
    Ok(())
}

#[cfg(all(unix, feature = "login"))]
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Whether the owner of `file` may put it in the place of `path`: in `/tmp`, only over their own
#[cfg(unix)]
pub(super) fn may_replace(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let (Ok(old), Ok(folder)) = (path.metadata(), folder_of(path).metadata()) else {
        return Ok(());
    };
    let us = file.metadata()?.uid();
    let is_sticky = folder.mode() & 0o1000 != 0;
    match is_sticky && us != 0 && us != old.uid() && us != folder.uid() {
        true => Err(io::ErrorKind::PermissionDenied.into()),
        false => Ok(()),
    }
}

/// A new file takes the access list of its folder, which is the owner's own in a profile
#[cfg(not(unix))]
pub(super) fn keep(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// The folder's access list counts
#[cfg(all(not(unix), feature = "login"))]
pub(super) fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Known only once it is tried
#[cfg(not(unix))]
pub(super) fn may_replace(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}
