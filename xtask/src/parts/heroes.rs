//! The pictures of posts, and a small server that hands them out. Ensures that two different numbers never
//! give the same bytes and the same number always does, so that a picture can be recognised by its hash.

use std::net::SocketAddr;

use anyhow::Result;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Pixels: large enough that WordPress makes smaller sizes of it, small enough to be quick.
const WIDTH: u32 = 320;
const HEIGHT: u32 = 200;

/// The picture with this number, as a PNG file.
///
/// # Errors
/// Never in practice: the encoder writes into memory.
pub(crate) fn picture(number: u32) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels(number))?;
    writer.finish()?;
    Ok(file)
}

/// The picture's file name, at the source and as it is asked for at the destination.
pub(crate) fn file_name(number: u32) -> String {
    format!("hero-{number:04}.png")
}

/// What is said to those who cannot see it; the same wherever it is used.
pub(crate) fn alternative_text(number: u32) -> String {
    format!("A gradient, number {number}")
}

/// SHA-256 in lower-case hex, as the API writes it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A colour gradient whose first pixel spells the number.
fn pixels(number: u32) -> Vec<u8> {
    let [_, red, green, blue] = number.to_be_bytes();
    let gradient = (0..WIDTH * HEIGHT)
        .flat_map(|at| [at / WIDTH, at % WIDTH, number].map(|value| value.to_le_bytes()[0]));
    [red, green, blue]
        .into_iter()
        .chain(gradient.skip(3))
        .collect()
}

/// Serves the pictures under `/hero-NNNN.png` until it is dropped.
#[derive(Debug)]
pub(crate) struct PictureServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl PictureServer {
    /// Listens on `address`.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let routes = Router::new().route("/{file}", routing::get(serve));
        let serving = tokio::spawn(async move {
            // It ends when it is aborted; an error before that shows as pictures that cannot be fetched.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, serving })
    }

    /// The picture's URL.
    pub(crate) fn url(&self, number: u32) -> String {
        format!("http://{}/{}", self.address, file_name(number))
    }
}

impl Drop for PictureServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(Path(file): Path<String>) -> Response {
    let number = file
        .strip_prefix("hero-")
        .and_then(|rest| rest.strip_suffix(".png"))
        .and_then(|number| number.parse().ok());
    match number.map(picture) {
        Some(Ok(bytes)) => ([(header::CONTENT_TYPE, "image/png")], bytes).into_response(),
        Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_always_gives_the_same_picture_and_another_gives_another() {
        assert_eq!(picture(7).unwrap(), picture(7).unwrap());
        assert_ne!(picture(7).unwrap(), picture(263).unwrap());
        assert!(picture(7).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    }
}
