//! Whose the log's files are. Who repairs a log, or promotes at the terminal, may do so as root: what they make must stay the service's.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, lchown},
    path::Path,
};

/// Gives what root made in the folder to the folder's owner. Does nothing for any other user, or where root owns the folder.
pub(crate) fn hand_over(folder: &Path) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let owner = fs::metadata(folder)?;
    match owner.uid() {
        0 => Ok(()),
        uid => give(folder, uid, owner.gid()),
    }
}

fn give(folder: &Path, uid: u32, gid: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let known = entry.metadata()?;
        if known.uid() == 0 {
            lchown(entry.path(), Some(uid), Some(gid))?;
        }
        if known.is_dir() {
            give(&entry.path(), uid, gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::chown;

    use super::*;

    #[test]
    fn what_root_made_belongs_to_the_folders_owner() {
        let folder = tempfile::tempdir().unwrap();
        if !nix::unistd::geteuid().is_root() {
            // Others make nothing that is not theirs, and nothing is given away.
            fs::write(folder.path().join("own"), "").unwrap();
            return hand_over(folder.path()).unwrap();
        }
        let inner = folder.path().join("index");
        fs::create_dir(&inner).unwrap();
        for name in ["head.json", "index/db", "index/of-another"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        chown(folder.path(), Some(1_234), Some(5_678)).unwrap();
        chown(inner.join("of-another"), Some(4_321), None).unwrap();
        hand_over(folder.path()).unwrap();
        let owner =
            |name: &str| fs::metadata(folder.path().join(name)).map(|known| (known.uid(), known.gid())).unwrap();
        assert_eq!([owner("head.json"), owner("index"), owner("index/db")], [(1_234, 5_678); 3]);
        assert_eq!(owner("index/of-another").0, 4_321);
    }
}
