//! Who is signed in to the console.

use std::sync::Arc;

use slugline_engine::store::{SessionRecord, Sessions, Store, Stored};

use super::super::{PostgresStore, sessions};

impl Sessions for PostgresStore {
    fn begin_session(&self, hash: &str, token: &str) -> Stored<'_, ()> {
        let (asked, now) = (Arc::new((hash.to_owned(), token.to_owned())), self.now());
        self.probe(move |session| {
            let asked = Arc::clone(&asked);
            Box::pin(async move { sessions::begin(session, &asked.0, &asked.1, now).await })
        })
    }

    fn session(&self, hash: &str) -> Stored<'_, Option<SessionRecord>> {
        let (hash, now): (Arc<str>, _) = (hash.into(), self.now());
        self.probe(move |session| {
            let hash = Arc::clone(&hash);
            Box::pin(async move { sessions::one(session, &hash, now).await })
        })
    }

    fn use_session(&self, hash: &str) -> Stored<'_, ()> {
        let (hash, now): (Arc<str>, _) = (hash.into(), self.now());
        self.probe(move |session| {
            let hash = Arc::clone(&hash);
            Box::pin(async move { sessions::used(session, &hash, now).await })
        })
    }

    fn end_session(&self, hash: &str) -> Stored<'_, ()> {
        let hash: Arc<str> = hash.into();
        self.probe(move |session| {
            let hash = Arc::clone(&hash);
            Box::pin(async move { sessions::end(session, &hash).await })
        })
    }
}
