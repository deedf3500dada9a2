//! Media from files: uploaded first, then named by their hash.

use std::path::Path;

use slugline_core::media::{MAX_MEDIA_BYTES, sha256};
use slugline_core::payload::Media;

use super::api::{Api, Denied};
use super::document::Document;
use super::patience;
use crate::output::Output;

/// Reads the files that a document names and notes their hashes; gives their bytes.
pub fn read(document: &mut Document) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut contents = Vec::new();
    let Some(payload) = &mut document.request.payload else {
        return Ok(contents);
    };
    for (index, file) in &document.files {
        let bytes = bytes(file)?;
        if let Some(medium) = payload.media.get_mut(*index) {
            name(medium, file, &bytes);
        }
        contents.push((content_type(file).to_owned(), bytes));
    }
    Ok(contents)
}

/// Uploads; the same bytes twice are one medium.
pub async fn send(
    api: &Api,
    contents: Vec<(String, Vec<u8>)>,
    output: Output,
) -> Result<(), Denied> {
    for (content_type, bytes) in contents {
        let request = api.upload(&content_type).body(bytes);
        patience::send(api, &request, "the upload", output).await?;
    }
    Ok(())
}

fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let failed =
        |why: std::io::Error| format!("the medium {} cannot be read: {why}", file.display());
    if std::fs::metadata(file).map_err(failed)?.len() > MAX_MEDIA_BYTES as u64 {
        return Err(format!(
            "the medium {} is longer than {MAX_MEDIA_BYTES} bytes",
            file.display()
        ));
    }
    std::fs::read(file).map_err(failed)
}

fn name(medium: &mut Media, file: &Path, bytes: &[u8]) {
    medium.sha256 = Some(sha256(bytes));
    let own = || {
        file.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    medium.filename = medium.filename.take().or_else(own);
}

/// What the bytes do not say themselves; the server finds out the rest.
fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
