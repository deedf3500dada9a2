//! The plan of a run: who asks for what and when, and what goes wrong.
//!
//! Ensures that all of it follows from the seed alone, and that a plan can be cut: kinds of trouble
//! and single requests can be left out while the rest stays as it was.

mod tells;
mod ties;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use slugline_core::time::Timestamp;

use crate::dice::Dice;
use crate::faults::Kind;
use crate::model::{AT_BLOG, AT_HOOK};

pub(crate) use tells::Tell;

/// When virtual time begins: 2026-11-21T10:00:00Z.
pub(crate) const EPOCH: Timestamp = Timestamp(1_795_255_200_000_000);
/// Requests come within this time.
const ASKING: u64 = 40_000;
/// Milliseconds after which nothing goes wrong any more: some leases have run out by then.
const TROUBLE: u64 = 60_000;
/// Owner of what goes to the blog.
pub(crate) const OWNER: &str = "default";
/// Another owner, whose keys and content ids are the same.
const OTHER: &str = "acme";
/// Pictures that there are.
pub(crate) const PICTURES: usize = 4;
/// How often a CMS is asked what it has.
const POLLED: f64 = 0.5;
/// How often one that is asked is swept, and how often its webhooks name entries only.
const SWEPT: f64 = 0.6;
const THIN: f64 = 0.4;
/// How often the blog is a source too.
const MIRRORED: f64 = 0.4;
/// How often an operator has the blog compared with what is desired there.
const RECONCILED: f64 = 0.4;
/// How many publishes begin in a day where that is limited: one in so few seconds that a flood is through before
/// a run ends.
const PACES: [u32; 3] = [86_400, 43_200, 28_800];
/// Items of a flood, all for the hook.
const FLOOD: usize = 30;

/// What is left out of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// These kinds of trouble.
    pub without: BTreeSet<Kind>,
    /// All requests but these, by their numbers; `None` keeps all.
    pub only: Option<BTreeSet<usize>>,
}

/// A request of a client, repeated until it has an answer.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) number: usize,
    pub(crate) at: Duration,
    pub(crate) owner: &'static str,
    /// As it is sent, with its key.
    pub(crate) body: Value,
    /// A picture that must be uploaded before.
    pub(crate) upload: Option<usize>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) kinds: BTreeSet<Kind>,
    pub(crate) nodes: u32,
    pub(crate) asks: Vec<Ask>,
    /// Webhooks of a CMS.
    pub(crate) tells: Vec<Tell>,
    /// Whether the CMS is asked what it has.
    pub(crate) polled: bool,
    /// Whether it is swept: all that it has is listed now and then.
    pub(crate) swept: bool,
    /// Whether its webhooks only name what was published, so that it has to be looked up.
    pub(crate) thin: bool,
    /// Whether removals are looked up as well.
    pub(crate) news_only: bool,
    /// Whether the blog tells of what is published there.
    pub(crate) mirrored: bool,
    /// Whether an operator has the blog compared with what is desired there.
    pub(crate) reconciled: bool,
    /// A destination, and how many publishes begin there in a day.
    pub(crate) pace: Option<(&'static str, u32)>,
    /// When trouble ends.
    pub(crate) calm_from: Duration,
    pub(crate) key_ttl: Duration,
    /// Open jobs at which intake says "later".
    pub(crate) max_open_jobs: u64,
    /// Whether the public page is read as well.
    pub(crate) permalink: bool,
    /// Whether a delete is for good.
    pub(crate) force: bool,
    pub(crate) concurrency: usize,
}

/// An item that clients write about.
struct Subject {
    owner: &'static str,
    environment: &'static str,
    content_id: String,
    locale: &'static str,
}

impl Plan {
    /// The plan of a seed, less what is cut.
    pub(crate) fn of(seed: u64, cut: &Cut) -> Self {
        let dice = Dice::new(seed, "plan");
        // Every tenth seed is calm: what is promised without trouble is promised with bounds.
        let calm = seed.is_multiple_of(10);
        let kinds = Kind::of(&dice).into_iter().chain(Kind::later(seed));
        let kinds = kinds.filter(|kind| !calm && !cut.without.contains(kind));
        let mut kinds: BTreeSet<Kind> = kinds.collect();
        let reconciles = Dice::new(seed, "reconcile");
        let reconciled = reconciles.chance(RECONCILED);
        // Where nothing drifts there is little to find.
        if reconciled && reconciles.chance(0.6) && !calm && !cut.without.contains(&Kind::Drift) {
            kinds.insert(Kind::Drift);
        }
        // Nor is there anything to mend.
        let mends = kinds.contains(&Kind::Mends);
        if mends && !cut.without.contains(&Kind::Drift) {
            kinds.insert(Kind::Drift);
        }
        let reconciled = reconciled || mends;
        let silent = kinds.contains(&Kind::Silence);
        let mut plan = Self {
            seed,
            kinds,
            nodes: 1 + u32::try_from(dice.below(3)).unwrap_or(0),
            asks: Vec::new(),
            tells: Vec::new(),
            polled: Dice::new(seed, "poll").chance(POLLED) || silent,
            swept: Dice::new(seed, "sweep").chance(SWEPT) || silent,
            thin: Dice::new(seed, "thin").chance(THIN),
            news_only: Dice::new(seed, "news only").chance(0.5),
            mirrored: Dice::new(seed, "mirror").chance(MIRRORED),
            pace: None,
            reconciled,
            calm_from: Duration::from_millis(if calm { ASKING } else { TROUBLE }),
            key_ttl: Duration::from_secs(*dice.pick(&[20, 86_400, 86_400])),
            max_open_jobs: *dice.pick(&[20, 2_000_000, 2_000_000]),
            permalink: dice.chance(0.3),
            force: dice.chance(0.5),
            concurrency: 1 + dice.below(4),
        };
        if plan.has(Kind::Pace) {
            let paces = Dice::new(seed, "pace of");
            plan.pace = Some((*paces.pick(&[AT_BLOG, AT_HOOK]), *paces.pick(&PACES)));
        }
        plan.asks = Writer::new(seed, calm).asks();
        plan.tells = tells::of(seed, plan.asks.len(), silent);
        plan.polled &= !plan.tells.is_empty();
        plan.swept &= plan.polled;
        plan.thin &= plan.polled;
        // What one locale of an entry has lost is found by nothing else then.
        plan.news_only &= plan.thin && plan.swept;
        if plan.swept {
            let number = plan.asks.len() + plan.tells.len();
            plan.tells.push(tells::anchor(number));
        }
        if let Some(only) = &cut.only {
            plan.asks.retain(|ask| only.contains(&ask.number));
            plan.tells.retain(|tell| only.contains(&tell.number));
        }
        plan
    }

    /// The numbers of all that is asked and told.
    pub(crate) fn numbers(&self) -> Vec<usize> {
        let asks = self.asks.iter().map(|ask| ask.number);
        asks.chain(self.tells.iter().map(|tell| tell.number))
            .collect()
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether nothing goes wrong in it.
    pub(crate) fn is_calm(&self) -> bool {
        self.kinds.is_empty()
    }
}

/// Writes the requests.
struct Writer {
    dice: Dice,
    ties: ties::Ties,
    calm: bool,
    asks: Vec<Ask>,
}

impl Writer {
    fn new(seed: u64, calm: bool) -> Self {
        Self {
            dice: Dice::new(seed, "requests"),
            ties: ties::Ties::of(seed),
            calm,
            asks: Vec::new(),
        }
    }

    fn asks(mut self) -> Vec<Ask> {
        let subjects = self.subjects();
        for subject in &subjects {
            self.story(subject, &subjects);
        }
        if self.calm || self.dice.chance(0.2) {
            self.flood();
        }
        for (number, ask) in self.asks.iter_mut().enumerate() {
            ask.number = number;
        }
        self.asks
    }

    fn subjects(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        let subject = |owner, environment, number: usize, locale| Subject {
            owner,
            environment,
            content_id: format!("post-{number}"),
            locale,
        };
        for number in 0..2 + self.dice.below(4) {
            subjects.push(subject(OWNER, "production", number, "en"));
            if self.dice.chance(0.2) {
                subjects.push(subject(OWNER, "production", number, "fr"));
            }
            if self.dice.chance(0.3) {
                subjects.push(subject(OTHER, "production", number, "en"));
            }
            if self.dice.chance(0.2) {
                subjects.push(subject(OWNER, "staging", number, "en"));
            }
        }
        subjects
    }

    /// The versions of an item, and what clients do wrong with them.
    fn story(&mut self, subject: &Subject, all: &[Subject]) {
        let versions = 1 + self.dice.below(4);
        for version in 1..=versions {
            let at = self.dice.millis(0..ASKING);
            let body = self.body(subject, version, at, all);
            if self.dice.chance(0.25) {
                self.repeat(subject, &body, at, all);
            }
            self.push(subject, at, body);
        }
    }

    fn push(&mut self, subject: &Subject, at: Duration, body: Value) {
        let sha256 = |number: &usize| {
            let named = &body["payload"]["media"][0];
            named["url"].is_null() && named["sha256"] == json!(picture_name(*number))
        };
        self.asks.push(Ask {
            number: 0,
            at,
            owner: subject.owner,
            upload: (0..PICTURES).find(sha256),
            body,
        });
    }

    fn body(&mut self, subject: &Subject, version: usize, at: Duration, all: &[Subject]) -> Value {
        let mut body = json!({
            // The same for other owners, environments and items now and then: keys have a scope.
            "request_id": format!("{}-{}-{version}", subject.content_id, subject.locale),
            "content_id": subject.content_id, "version": version,
            "environment": subject.environment, "locale": subject.locale,
        });
        if self.dice.chance(0.1) {
            body["class"] = json!("urgent");
        }
        let wanted = match self.dice.below(4) {
            0 => json!(["wordpress", "webhook"]),
            1 => json!(["webhook"]),
            _ => Value::Null,
        };
        body["destinations"] = match is_for_the_blog(subject) {
            true => wanted,
            false => json!(["webhook"]),
        };
        if self.dice.chance(0.15) {
            let later = EPOCH.plus(at + self.dice.millis(1_000..25_000));
            body["publish_at"] = json!(later);
        }
        if self.dice.chance(0.08) {
            body["version"] = Value::Null;
        }
        match self.dice.below(8) {
            0 if version > 1 => body["action"] = json!("unpublish"),
            1 if version > 1 => body["action"] = json!("delete"),
            _ => {
                body["payload"] = self.payload(subject, version, all);
                self.ties.add(&mut body, subject, all);
            }
        }
        body
    }

    fn payload(&mut self, subject: &Subject, version: usize, all: &[Subject]) -> Value {
        let Subject {
            content_id,
            locale,
            owner,
            ..
        } = subject;
        // Another item's slug now and then, within the scope in which slugs are claimed.
        let (swaps, other) = (self.dice.chance(0.08), self.dice.pick(all));
        let scope = |of: &Subject| (of.owner, of.environment, of.locale);
        let slug_of = match swaps && scope(other) == scope(subject) {
            true => other,
            false => subject,
        };
        let mut payload = json!({
            "title": format!("{content_id} {locale} v{version} {owner} {}", self.dice.below(1_000_000)),
            "slug": format!("{}-{}", slug_of.content_id, slug_of.locale),
            "body": format!("<p>Version {version} of {content_id}.</p>"),
        });
        if self.dice.chance(0.4) {
            payload["media"] = self.hero();
        }
        if self.dice.chance(0.3) {
            payload["categories"] = json!([self.dice.pick(&["News", "City"])]);
            payload["tags"] = json!([self.dice.pick(&["one", "two", "three"])]);
        }
        payload
    }

    fn hero(&self) -> Value {
        let number = self.dice.below(PICTURES);
        let mut medium = json!({ "role": "hero", "filename": format!("p{number}.png") });
        if self.dice.chance(0.5) {
            medium["url"] = json!(format!("{}/p{number}.png", crate::network::MEDIA));
        } else {
            medium["sha256"] = json!(picture_name(number));
        }
        json!([medium])
    }

    /// The same again, in one of the ways in which clients do it.
    fn repeat(&mut self, subject: &Subject, body: &Value, at: Duration, all: &[Subject]) {
        let mut again = body.clone();
        let key = again["request_id"].as_str().unwrap_or_default().to_owned();
        match self.dice.below(7) {
            0 | 1 => {}
            // The same key for another item.
            6 => {
                let other = self.dice.pick(all);
                again["content_id"] = json!(other.content_id);
                again["locale"] = json!(other.locale);
                again["depends_on"] = Value::Null;
                again["payload"] = self.payload(other, 9, all);
            }
            // The same content under another key.
            2 => again["request_id"] = json!(format!("{key}-again")),
            // To another destination.
            3 => {
                again["request_id"] = json!(format!("{key}-more"));
                again["destinations"] = json!(["webhook"]);
            }
            // Another body, under the same key or another one.
            4 => again["payload"] = self.payload(subject, 9, all),
            _ => {
                again["request_id"] = json!(format!("{key}-other"));
                again["payload"] = self.payload(subject, 9, all);
            }
        }
        if again["action"].is_string() {
            again["payload"] = Value::Null;
        }
        self.push(subject, at + self.dice.millis(10..25_000), again);
    }

    /// Bulk work for the hook, and something urgent in the middle of it.
    fn flood(&mut self) {
        let at = self.dice.millis(1_000..ASKING);
        for number in 0..FLOOD {
            let class = if number == FLOOD - 1 {
                "urgent"
            } else {
                "bulk"
            };
            let subject = Subject {
                owner: OWNER,
                environment: "production",
                content_id: format!("bulk-{number}"),
                locale: "en",
            };
            let body = json!({
                "request_id": subject.content_id, "content_id": subject.content_id, "version": 1,
                "class": class, "destinations": ["webhook"], "locale": "en", "environment": "production",
                "payload": { "title": format!("{} en v1", subject.content_id), "slug": subject.content_id },
            });
            let delay = Duration::from_millis(if number == FLOOD - 1 { 500 } else { 0 });
            self.push(&subject, at + delay, body);
        }
    }
}

/// What others publish goes to the hook only: their slugs are other slugs, and the blog has one space.
fn is_for_the_blog(subject: &Subject) -> bool {
    (subject.owner, subject.environment) == (OWNER, "production")
}

/// The bytes of a picture.
pub(crate) fn picture(number: usize) -> bytes::Bytes {
    let mut bytes =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    bytes.push(u8::try_from(number).unwrap_or(0));
    bytes.into()
}

/// Its SHA-256.
pub(crate) fn picture_name(number: usize) -> String {
    slugline_core::media::sha256(&picture(number))
}
