//! Who is signed in to the console.

use slugline_engine::store::{SessionRecord, Sessions, Store, Stored};

use super::super::{SqliteStore, sessions};

impl Sessions for SqliteStore {
    fn begin_session(&self, hash: &str, token: &str) -> Stored<'_, ()> {
        let (hash, token) = (hash.to_owned(), token.to_owned());
        Box::pin(
            self.writer
                .submit(move |tx| sessions::begin(tx, &hash, &token)),
        )
    }

    fn session(&self, hash: &str) -> Stored<'_, Option<SessionRecord>> {
        let (hash, now) = (hash.to_owned(), self.now());
        Box::pin(
            self.readers
                .ask(move |connection| sessions::one(connection, &hash, now)),
        )
    }

    fn use_session(&self, hash: &str) -> Stored<'_, ()> {
        let hash = hash.to_owned();
        Box::pin(self.writer.submit(move |tx| sessions::used(tx, &hash)))
    }

    fn end_session(&self, hash: &str) -> Stored<'_, ()> {
        let hash = hash.to_owned();
        Box::pin(self.writer.submit(move |tx| sessions::end(tx, &hash)))
    }
}
