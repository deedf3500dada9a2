//! The files that a publish command names.
//!
//! Ensures that one file has one content id, whether it is named itself or by its directory, and
//! that a directory's files come in the same order each time.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Bytes of a file; the server takes less.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// What is taken from a directory.
const EXTENSIONS: [&str; 3] = ["md", "markdown", "json"];

/// A file's text and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it is named to people; `-` for standard input.
    pub name: String,
    /// The content id of a file that names none; none for standard input.
    pub content_id: Option<String>,
    /// Where the paths in it begin.
    pub directory: PathBuf,
    /// The text.
    pub text: String,
}

impl Source {
    /// Whether it is JSON: by its name, or, from standard input, by its first character.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.name.ends_with(".json")
            || (self.name == "-" && self.text.trim_start().starts_with('{'))
    }
}

/// Reads what the arguments name: files, directories with all below them, or `-`.
pub fn read_all(arguments: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            sources.push(standard_input()?);
            continue;
        }
        for file in files(argument)? {
            sources.push(read(&file)?);
        }
    }
    Ok(sources)
}

fn standard_input() -> Result<Source, String> {
    let mut text = String::new();
    let read = std::io::stdin().take(MAX_FILE).read_to_string(&mut text);
    read.map_err(|why| format!("standard input cannot be read: {why}"))?;
    Ok(Source {
        name: "-".into(),
        content_id: None,
        directory: PathBuf::new(),
        text,
    })
}

fn read(file: &Path) -> Result<Source, String> {
    let failed = |why: std::io::Error| format!("{} cannot be read: {why}", file.display());
    if std::fs::metadata(file).map_err(failed)?.len() > MAX_FILE {
        return Err(format!(
            "{} is longer than {MAX_FILE} bytes",
            file.display()
        ));
    }
    Ok(Source {
        name: file.display().to_string(),
        content_id: Some(content_id(file)),
        directory: file.parent().unwrap_or(Path::new("")).to_owned(),
        text: std::fs::read_to_string(file).map_err(failed)?,
    })
}

/// The path from the working directory without its extension; the whole path for files elsewhere.
fn content_id(file: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let below = here
        .ok()
        .and_then(|here| whole.strip_prefix(here).map(Path::to_owned).ok());
    let path = below.unwrap_or(whole).with_extension("");
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

/// A file itself, or a directory's files in order, without hidden ones.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |why: std::io::Error| format!("{} cannot be read: {why}", path.display());
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let kind = entry.file_type().map_err(failed)?;
        let below = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            found.extend(files(&below)?);
        } else if is_content(&below) {
            found.push(below);
        }
    }
    Ok(found)
}

fn is_content(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gives_its_content_in_order() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("b/.git")).unwrap();
        for name in [
            "c.md",
            "b/a.md",
            "b/.git/x.md",
            "a.json",
            "a.png",
            ".hidden.md",
        ] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let sources = read_all(&[folder.path().to_owned()]).unwrap();
        let names: Vec<&str> = sources
            .iter()
            .filter_map(|source| source.name.rsplit_once('/'))
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, ["a.json", "a.md", "c.md"]);
    }

    #[test]
    fn a_file_has_one_content_id_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "x").unwrap();
        let by_directory = read_all(&[folder.path().to_owned()]).unwrap();
        let by_name = read_all(&[folder.path().join("./a.md")]).unwrap();
        assert_eq!(by_directory[0].content_id, by_name[0].content_id);
        assert!(by_name[0].content_id.as_deref().unwrap().ends_with("/a"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(
            read_all(&["absent.md".into()])
                .unwrap_err()
                .contains("absent.md")
        );
    }
}
