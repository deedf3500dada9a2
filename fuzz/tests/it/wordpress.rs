//! A WordPress whose answers are damaged on their way: whatever comes, a run ends as matched or with a
//! failure that says something, and never by panicking.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bolero::generator::produce;
use bytes::Bytes;
use futures_executor::block_on;
use slugline_connectors::fake::Fake;
use slugline_connectors::{FakeWordPress, registry};
use slugline_core::connector::{Connector, Verification, Work};
use slugline_core::decide::{Decision, Desired, decide};
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::item::{Action, ItemKey};
use slugline_core::media::sha256;
use slugline_core::payload::{Payload, StoredMedia};
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};
use toml::Spanned;
use toml::de::DeTable;

use crate::damage::{Edit, apply};
use crate::publish::NOW;

const SITE: &str = "http://blog.example";
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Requests of the longest run; damage to a later answer befalls none.
const REQUESTS: u8 = 24;

/// Which answer, and what is done to it: its status, then its body.
type Accident = (u8, Option<u16>, Vec<Edit>);

#[test]
fn whatever_wordpress_answers_the_run_ends_well_or_says_why() {
    let accidents = (
        produce::<u8>(),
        produce::<Option<u16>>(),
        produce::<Vec<Edit>>().with().len(1..=4_usize),
    );
    assert!(matches!(run(None), Ok(Verification::Matched(_))));
    bolero::check!()
        .with_generator(accidents)
        .for_each(|accident| {
            if let Err(failure) = run(Some(accident)) {
                assert!(!failure.message.is_empty(), "a failure without words");
            }
        });
}

struct Password;

impl Secrets for Password {
    fn resolve(&self, _: &SecretRef) -> Result<Secret, String> {
        Ok(Secret::new("PASSWORD"))
    }
}

fn connector() -> Box<dyn Connector> {
    let toml = format!("url = \"{SITE}\"\nusername = \"publisher\"\npassword = \"env:P\"");
    let table = DeTable::parse(&toml).unwrap();
    let kind = Spanned::new(0..0, "wordpress".to_owned());
    let built = registry::build(&kind, table, &Password);
    built.map_err(|why| why.message).unwrap()
}

/// A create and then an update, so that both ways are damaged.
fn run(accident: Option<&Accident>) -> Result<Verification, Failure> {
    let connector = connector();
    let site = Site {
        state: Mutex::new((
            FakeWordPress::new(SITE, "publisher", "PASSWORD"),
            BTreeMap::new(),
            0,
        )),
        accident: accident.cloned(),
    };
    one_run(connector.as_ref(), &work(1), &site)?;
    one_run(connector.as_ref(), &work(2), &site)
}

fn one_run(connector: &dyn Connector, work: &Work, site: &Site) -> Result<Verification, Failure> {
    let observed = block_on(connector.observe(work, site))?;
    let desired = Desired {
        action: work.action,
        carried: work.generation,
        newest: work.generation,
        undisturbed: None,
        adopted: None,
        protect_drift: false,
    };
    let decision = decide(&desired, &observed);
    if let Decision::Conflict(failure) = decision {
        return Err(failure);
    }
    block_on(connector.act(work, &decision, site))?;
    block_on(connector.tidy(work, site))?;
    block_on(connector.verify(work, site))
}

fn work(generation: i64) -> Work {
    Work {
        item: ItemKey {
            owner: "o".into(),
            environment: "e".into(),
            content_id: "post-42".into(),
            locale: "en".into(),
        },
        destination: "blog".into(),
        action: Action::Publish,
        generation: Generation(generation),
        version: Version::Number(generation),
        request_id: "r-1".into(),
        released_at: NOW,
        slug: "hello".into(),
        payload: Payload {
            title: format!("Title {generation}"),
            body: "<p>Text</p>".into(),
            categories: vec!["News".into()],
            tags: vec!["a".into()],
            ..Payload::default()
        },
        media: vec![StoredMedia {
            role: "hero".into(),
            sha256: sha256(PICTURE),
            filename: "hero.png".into(),
            content_type: "image/png".into(),
            size: PICTURE.len() as u64,
            alt: None,
            url: None,
        }],
        derived_slug: "sl-derived".into(),
        delivery_id: "msg_1".into(),
        installation: "i1".into(),
        was_shown: generation > 1,
    }
}

/// The fake, the effects, and how many requests were answered.
type State = (FakeWordPress, BTreeMap<EffectKey, String>, u8);

/// A site behind a line that damages one answer.
struct Site {
    state: Mutex<State>,
    accident: Option<Accident>,
}

impl Site {
    fn damage(&self, nth: u8, mut response: Response) -> Response {
        let Some((which, status, edits)) = &self.accident else {
            return response;
        };
        if nth != which % REQUESTS {
            return response;
        }
        if let Some(status) = status {
            response.status = 100 + status % 500;
        }
        let mut body = response.body.to_vec();
        let others = [body.clone()];
        for edit in edits {
            apply(&mut body, *edit, &others);
        }
        response.body = body.into();
        response
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Port for Site {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        let mut state = self.state.lock().unwrap();
        let nth = state.2;
        state.2 = nth.saturating_add(1);
        // What a damaged answer leads to may be a request that no fact describes.
        let answer = match state.0.handle(&request, NOW) {
            Ok(response) => Ok(self.damage(nth, response)),
            Err(why) => Err(SendError::NotSent(why.to_string())),
        };
        ready(answer)
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        ready(Err(SendError::NotSent("no files here".into())))
    }

    fn recall<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        ready(Ok(self.state.lock().unwrap().1.get(key).cloned()))
    }

    fn remember<'a>(
        &'a self,
        key: &'a EffectKey,
        result_ref: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let mut state = self.state.lock().unwrap();
        state.1.insert(key.clone(), result_ref.to_owned());
        ready(Ok(()))
    }

    fn forget<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        self.state.lock().unwrap().1.remove(key);
        ready(Ok(()))
    }

    fn hold<'a>(&'a self, _: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        ready(Ok(()))
    }

    fn media<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>> {
        ready(Ok(Bytes::from_static(PICTURE)))
    }

    fn note_unknown(&self) {}

    fn pause(&self, _: Duration) -> BoxFuture<'_, ()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        NOW
    }
}
