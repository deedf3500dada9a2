//! References to secrets, turned into secrets.
//!
//! Ensures that a secret comes from the environment or from a file and is never written in the
//! configuration; a complaint never repeats what might be a secret.

use std::path::{Path, PathBuf};

use slugline_core::secret::{Secret, SecretRef, Secrets};

/// Bytes of a file with a secret; keys and tokens are far shorter.
const MAX_SECRET: u64 = 64 * 1024;

/// Reads `env:NAME` and `file:PATH`.
#[derive(Clone, Debug)]
pub struct References {
    directory: PathBuf,
}

impl References {
    /// Paths are relative to the directory of the configuration file.
    #[must_use]
    pub fn beside(configuration: &Path) -> Self {
        let directory = configuration.parent().unwrap_or(Path::new("")).to_owned();
        Self { directory }
    }

    fn file(&self, path: &str) -> Result<Secret, String> {
        let full = self.directory.join(path);
        let shown = full.display();
        let size = std::fs::metadata(&full).map(|found| found.len());
        if size.map_err(|why| format!("the file {shown} cannot be read: {why}"))? > MAX_SECRET {
            return Err(format!(
                "the file {shown} is longer than {MAX_SECRET} bytes; no secret and no certificate is"
            ));
        }
        let text = std::fs::read_to_string(&full)
            .map_err(|why| format!("the file {shown} cannot be read: {why}"))?;
        nonempty(text.trim_end_matches(['\r', '\n']), || {
            format!("the file {shown} is empty")
        })
    }
}

impl Secrets for References {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        match reference.0.split_once(':') {
            Some(("env", name)) if is_variable(name) => variable(name),
            Some(("file", path)) if !path.is_empty() => self.file(path),
            _ => Err("a secret is not written here: put it into an environment variable and write \"env:NAME\", \
                      or into a file and write \"file:PATH\""
                .into()),
        }
    }
}

fn variable(name: &str) -> Result<Secret, String> {
    let missing = || {
        format!("the environment variable {name} is not set; set it to the secret before the start")
    };
    let text = std::env::var(name).map_err(|_| missing())?;
    nonempty(&text, || {
        format!("the environment variable {name} is empty")
    })
}

fn nonempty(text: &str, complaint: impl Fn() -> String) -> Result<Secret, String> {
    if text.is_empty() {
        Err(complaint())
    } else {
        Ok(Secret::new(text))
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(directory: &Path, reference: &str) -> Result<Secret, String> {
        References::beside(&directory.join("slugline.toml")).resolve(&SecretRef(reference.into()))
    }

    #[test]
    fn a_file_beside_the_configuration_holds_a_secret_and_a_line_end() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("token"), "s3cret\n").unwrap();
        std::fs::write(directory.path().join("empty"), "\n").unwrap();
        assert_eq!(
            resolve(directory.path(), "file:token").unwrap().expose(),
            "s3cret"
        );
        assert!(
            resolve(directory.path(), "file:empty")
                .unwrap_err()
                .contains("is empty")
        );
        assert!(
            resolve(directory.path(), "file:absent")
                .unwrap_err()
                .contains("absent")
        );
    }

    #[test]
    fn a_literal_is_refused_without_repeating_it() {
        for literal in ["hunter2hunter2", "env:two words", "whsec_c2VjcmV0", "file:"] {
            let why = resolve(Path::new("."), literal).unwrap_err();
            assert!(
                why.contains("env:NAME") && !why.contains("hunter2"),
                "{why}"
            );
        }
        assert!(
            resolve(Path::new("."), "env:SLUGLINE_NO_SUCH_VARIABLE")
                .unwrap_err()
                .contains("is not set")
        );
    }
}
