//! Servers that misbehave, for clients that must bear it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// Answers one request after the other with these texts, then closes; an empty text closes at once.
/// Gives the address and the requests as they came.
pub(crate) fn answering(answers: Vec<&'static str>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            told.send(request(&mut stream)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, heard)
}

/// Stands before a server and loses the answer to the first request, which the server got.
pub(crate) fn losing_the_first_answer(server: &str) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut first = true;
        while let Ok((client, _)) = listener.accept() {
            pass(client, &server, std::mem::take(&mut first));
        }
    });
    url
}

/// Passes one request on, and its answer back unless it is to be lost.
fn pass(mut client: TcpStream, server: &str, lost: bool) {
    let mut server = TcpStream::connect(server).unwrap();
    let head = request(&mut client).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    server.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    if !lost {
        client.write_all(&answer).unwrap();
    }
}

/// Reads one request, head and body.
fn request(stream: &mut TcpStream) -> String {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut piece).unwrap();
        seen.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if count == 0
            || text
                .split_once("\r\n\r\n")
                .is_some_and(|(head, body)| body.len() >= length(head))
        {
            return text;
        }
    }
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length:")
            .map(str::to_owned)
    });
    line.map_or(0, |value| value.trim().parse().unwrap())
}
