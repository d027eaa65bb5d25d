//! The directory of what is kept on disk.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Whether a file could be made in the directory, and the directory itself where it is not there yet. Leaves nothing behind.
pub(crate) fn try_to_write(data_dir: &Path) -> io::Result<()> {
    // Where directories are not there yet, they would be made in the nearest one that is.
    let existing = data_dir.ancestors().find(|directory| directory.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let probe = existing.join(format!(".pool-manager.check.{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe)?;
    fs::remove_file(&probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_made_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        try_to_write(directory.path()).unwrap();
        try_to_write(&directory.path().join("not/there/yet")).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fs::write(directory.path().join("file"), "").unwrap();
        assert!(try_to_write(&directory.path().join("file/below")).is_err());
        assert!(try_to_write(Path::new("/proc/nope")).is_err());
    }
}
