//! The text files of the repository, read once. Build products, hidden folders and anything that is not UTF-8 are left
//! out; symbolic links are not followed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One file: its path from the root, with `/` between the parts, and its text.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// Whether the path ends in `.extension`.
    pub(super) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|own| own == extension)
    }
}

/// Every text file below `root`, in the order of their paths.
///
/// # Errors
/// A folder or a file cannot be read.
pub(super) fn tracked(root: &Path) -> Result<Vec<File>> {
    let mut paths = Vec::new();
    collect(root, &mut paths)?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if let (Ok(text), Ok(inside)) = (String::from_utf8(bytes), path.strip_prefix(root)) {
            files.push(File {
                path: inside.to_string_lossy().into_owned(),
                text,
            });
        }
    }
    Ok(files)
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            into.push(entry.path());
        } else if kind.is_dir() && !left_out(&entry.file_name().to_string_lossy()) {
            collect(&entry.path(), into)?;
        }
    }
    Ok(())
}

fn left_out(folder: &str) -> bool {
    folder == "target" || folder == "slugline-data" || (folder.starts_with('.') && folder != ".ci")
}
