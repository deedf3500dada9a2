//! Keeping and ending webhooks, many at a time.
//!
//! Ensures that those which come at the same moment share a commit, and that of two with the same
//! repeat key one is kept, whichever nodes they come to. Does not write into the log: a webhook that
//! says what goes there ends alone (`webhooks`).

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_core::port::BoxFuture;
use slugline_engine::store::{Kept, NewWebhook, WebhookEnd};

use super::destinations::micros;
use super::fault::{Done, Fault};
use super::gauges::Effected;
use super::jobs::small;
use super::line::Operation;
use super::session::{BEGIN, COMMIT, Call, Param, Session, call};
use super::times::{Times, store_now};
use super::webhooks::END;
use crate::record::Record;
use crate::views::webhooks as views;

/// Webhooks that share a commit, as with publishes.
const GROUP: usize = 64;

/// Keeps one. Waits for another with the same repeat key to be committed or given up.
const KEEP: &str = concat!(
    "INSERT INTO webhook (source, owner, repeat_key, received_at, keep_until, due, state, proof, outcome, envelope, body, known_for_ever)
     SELECT $1, $2, $3, t.now, t.now + $4, t.now + $5, $12, $6, $7, $8, $9, $10 FROM (SELECT ",
    store_now!("$11"),
    " AS now) t ON CONFLICT DO NOTHING RETURNING id"
);

/// Keeps webhooks; one outcome each, in order.
pub(crate) struct Keep;

impl Operation for Keep {
    type Order = Vec<NewWebhook>;
    type Answer = Vec<Kept>;
    const GROUP: usize = GROUP;
    const WRITERS: usize = 2;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(async move {
            let mut kept = keep(session, times.given(), orders).await?.into_iter();
            let of_order = |order: &Self::Order| kept.by_ref().take(order.len()).collect();
            Ok((orders.iter().map(of_order).collect(), Effected::default()))
        })
    }
}

/// Keeps what became of webhooks, where nothing of it goes into the log.
pub(crate) struct End;

impl Operation for End {
    type Order = Vec<WebhookEnd>;
    type Answer = ();
    const GROUP: usize = GROUP;
    const WRITERS: usize = 2;

    fn run<'a>(
        session: &'a Session,
        _: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(async move {
            end(session, orders).await?;
            Ok((vec![(); orders.len()], Effected::default()))
        })
    }
}

/// A webhook's values, as they are written.
struct Values<'a> {
    webhook: &'a NewWebhook,
    given: Option<i64>,
    repeat_key: Option<&'a [u8]>,
    keep_for: i64,
    due_after: i64,
    proof: String,
    state: i16,
    outcome: String,
    envelope: String,
    body: &'a [u8],
}

impl<'a> Values<'a> {
    fn of(webhook: &'a NewWebhook, given: Option<i64>) -> Done<Self> {
        let (state, outcome) = webhook.at_first();
        Ok(Self {
            webhook,
            given,
            repeat_key: webhook.repeat_key.as_ref().map(|key| &key[..]),
            keep_for: micros(webhook.keep_for),
            due_after: micros(webhook.due_after),
            proof: serde_json::to_string(&webhook.proof)?,
            state: small(state),
            outcome: serde_json::to_string(&outcome)?,
            envelope: serde_json::to_string(&webhook.envelope)?,
            body: Bytes::as_ref(&webhook.body),
        })
    }

    fn params(&self) -> [Param<'_>; 12] {
        [
            &self.webhook.source,
            &self.webhook.owner,
            &self.repeat_key,
            &self.keep_for,
            &self.due_after,
            &self.proof,
            &self.outcome,
            &self.envelope,
            &self.body,
            &self.webhook.known_for_ever,
            &self.given,
            &self.state,
        ]
    }
}

/// In the order of their repeat keys, so that two groups with the same ones do not wait for each other.
async fn keep(
    session: &Session,
    given: Option<i64>,
    orders: &[Vec<NewWebhook>],
) -> Done<Vec<Kept>> {
    let values = orders.iter().flatten();
    let values = values.map(|webhook| Values::of(webhook, given));
    let values = values.collect::<Done<Vec<_>>>()?;
    let mut sorted: Vec<(usize, &Values<'_>)> = values.iter().enumerate().collect();
    sorted.sort_by_key(|(_, new)| (&new.webhook.source, new.repeat_key));

    let params: Vec<_> = sorted.iter().map(|(_, new)| new.params()).collect();
    let calls = params.iter().map(|params| call(KEEP, params));
    let calls = std::iter::once(call(BEGIN, &[])).chain(calls);
    let answers = session.all(calls.collect()).await?;
    let answers = answers.get(1..).unwrap_or_default();
    let (mut kept, mut known) = (BTreeMap::new(), Vec::new());
    for ((place, new), rows) in sorted.into_iter().zip(answers) {
        match rows.first() {
            Some(row) => {
                kept.insert(place, Kept::New(row.read(0)?));
            }
            None => known.push((place, new)),
        }
    }
    if !known.is_empty() {
        kept.extend(before(session, &known).await?);
    }
    session.rows(COMMIT, &[]).await?;
    Ok(kept.into_values().collect())
}

/// By place, what is known of those that were kept before.
async fn before(session: &Session, known: &[(usize, &Values<'_>)]) -> Done<Vec<(usize, Kept)>> {
    let sql = format!(
        "{} WHERE w.source = $1 AND w.repeat_key = $2",
        views::SELECT
    );
    let params = known.iter();
    let params = params.map(|(_, new)| [&new.webhook.source as Param<'_>, &new.repeat_key]);
    let params: Vec<_> = params.collect();
    let calls = params.iter().map(|params| call(&sql, params));
    let answers = session.all(calls.collect()).await?;
    let gone = || Fault::Unreadable("a webhook that was kept before is missing".into());
    let before = known.iter().zip(answers).map(|((place, _), rows)| {
        let view = views::read(rows.first().ok_or_else(gone)?)?;
        Ok((*place, Kept::Before(Box::new(view))))
    });
    before.collect()
}

/// In the order of their numbers, so that two groups do not wait for each other.
async fn end(session: &Session, orders: &[Vec<WebhookEnd>]) -> Done<()> {
    let mut ends: Vec<(i64, i16, String)> = Vec::new();
    for end in orders.iter().flatten() {
        ends.push((
            end.id.0,
            small(end.state),
            serde_json::to_string(&end.outcome)?,
        ));
    }
    // Stable: of two ends of the same webhook the later one counts.
    ends.sort_by_key(|(id, ..)| *id);
    let params = ends.iter();
    let params = params.map(|(id, state, outcome)| [id as Param<'_>, state, outcome]);
    let params: Vec<_> = params.collect();
    let mut calls: Vec<Call<'_>> = vec![call(BEGIN, &[])];
    calls.extend(params.iter().map(|params| call(END, params)));
    calls.push(call(COMMIT, &[]));
    session.all(calls).await.map(drop)
}
