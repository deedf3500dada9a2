//! What is moved: each table of PostgreSQL, and the rows of SQLite that fill it.
//!
//! Ensures that all that SQLite keeps is named here once. Tables that are the same in both differ only
//! in how numbers are stored.

/// How a column is stored in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 64 bits.
    Big,
    /// 32 bits.
    Int,
    /// 16 bits.
    Small,
    /// A flag.
    Flag,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// The bytes of a medium, which SQLite keeps as a file under the SHA-256 that the row has.
    File,
}

use Kind::{Big, Bytes, File, Flag, Int, Small, Text};

/// A table.
pub(crate) struct Table {
    /// Its name in PostgreSQL.
    pub(crate) name: &'static str,
    /// Its columns there.
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// Its rows: a statement for SQLite with as many columns.
    pub(crate) rows: &'static str,
}

/// All tables. Holds are not moved: they end with the leases of those who hold them. Nor are arrivals:
/// who waits is looked at again without them. Nor are sessions: people sign in again.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "destination",
        columns: &[("id", Big), ("name", Text), ("lane", Small), ("request_timeout", Big), ("commit_window", Big),
                   ("pace", Text), ("next_slot_at", Big), ("began_at", Big)],
        rows: "SELECT id, name, lane, request_timeout, commit_window, pace, next_slot_at, began_at FROM destination",
    },
    Table {
        name: "item",
        columns: &[
            ("id", Big), ("content", Big), ("publish", Big), ("version", Big), ("generation", Big), ("version_kind", Small),
            ("action", Small), ("owner", Text), ("environment", Text), ("content_id", Text), ("locale", Text), ("source", Text),
            ("body", Bytes), ("slug", Text), ("slug_key", Bytes), ("revised", Flag), ("erased_at", Big), ("erased", Big),
        ],
        rows: "SELECT id, content, publish, version, generation, version_kind, action, owner, environment, content_id, locale,
                      source, body, slug, slug_key, revised, erased_at, erased FROM item",
    },
    Table {
        name: "revision",
        columns: &[
            ("item", Big), ("generation", Big), ("publish", Big), ("accepted_at", Big), ("key", Bytes), ("slug", Text),
            ("checksum", Bytes), ("salt", Bytes), ("media", Text), ("payload", Text),
        ],
        rows: "SELECT r.item, r.generation, r.publish, r.accepted_at, k.key, r.slug, r.checksum, r.salt, r.media, r.payload
               FROM revision r LEFT JOIN key_record k ON k.id = r.key_record",
    },
    Table {
        name: "revision_media",
        columns: &[("sha256", Bytes), ("item", Big), ("generation", Big)],
        rows: "SELECT m.sha256, r.item, r.generation FROM revision_media m JOIN revision r ON r.id = m.revision",
    },
    Table {
        name: "publish",
        columns: &[
            ("id", Big), ("item", Big), ("generation", Big), ("version", Big), ("accepted_at", Big), ("ready_at", Big),
            ("released_at", Big), ("publish_at", Big), ("fetch_at", Big), ("fetches", Int), ("waits", Int),
            ("version_kind", Small), ("action", Small), ("class", Small), ("request_id", Text), ("actor", Text),
            ("slug_key", Bytes), ("held", Int), ("restores", Big), ("waits_since", Big),
        ],
        rows: "SELECT id, item, generation, version, accepted_at, ready_at, released_at, publish_at, fetch_at, fetches, waits,
                      version_kind, action, class, request_id, actor, slug_key, held, restores, waits_since FROM publish",
    },
    Table {
        name: "dependency",
        columns: &[("publish", Big), ("place", Int), ("content", Bytes), ("content_id", Text)],
        rows: "SELECT publish, place, content, content_id FROM dependency",
    },
    Table {
        name: "raw_request",
        columns: &[("publish", Big), ("received_at", Big), ("salt", Bytes), ("headers", Text), ("bytes", Bytes)],
        rows: "SELECT publish, received_at, salt, headers, bytes FROM whole_request",
    },
    Table {
        name: "job",
        columns: &[
            ("id", Big), ("publish", Big), ("item", Big), ("destination", Big), ("lane", Big), ("generation", Big), ("due", Big),
            ("released_at", Big), ("fence", Big), ("lease_until", Big), ("claimed_at", Big), ("live_at", Big),
            ("replaced_by", Big), ("attempts", Int), ("action", Small), ("class", Small), ("state", Small), ("evidence", Small),
            ("overwrites", Flag), ("failure", Text), ("shown", Text),
        ],
        rows: "SELECT id, publish, item, destination, lane, generation, due, released_at, fence, lease_until, claimed_at, live_at,
                      replaced_by, attempts, action, class, state, evidence, overwrites, failure, shown FROM job",
    },
    Table {
        name: "desired",
        columns: &[
            ("item", Big), ("destination", Big), ("generation", Big), ("publish", Big), ("job", Big), ("shown_generation", Big),
            ("shown_job", Big), ("look_due_at", Big), ("drift_at", Big), ("action", Small), ("drift", Small), ("undisturbed", Flag),
            ("look_owed", Flag), ("drift_seen", Text), ("adopted", Text), ("slot_at", Big),
        ],
        rows: "SELECT item, destination, generation, publish, job, shown_generation, shown_job, look_due_at, drift_at, action, drift,
                      undisturbed, look_owed, drift_seen, adopted, slot_at FROM desired",
    },
    Table {
        name: "reconciliation",
        columns: &[
            ("id", Big), ("destination", Big), ("state", Big), ("fence", Big), ("due", Big), ("started_at", Big), ("record", Text),
        ],
        rows: "SELECT id, destination, state, fence, due, started_at, record FROM reconciliation",
    },
    Table {
        name: "sighting",
        columns: &[("reconciliation", Big), ("item", Big), ("suspect", Big)],
        rows: "SELECT reconciliation, item, suspect FROM sighting",
    },
    Table {
        name: "replay",
        columns: &[
            ("id", Big), ("owner", Text), ("state", Big), ("fence", Big), ("due", Big), ("started_at", Big), ("record", Text),
        ],
        rows: "SELECT id, owner, state, fence, due, started_at, record FROM replay",
    },
    Table {
        name: "replay_target",
        columns: &[
            ("replay", Big), ("place", Big), ("item", Big), ("destination", Big), ("generation", Big), ("publish", Big),
            ("relevance", Big), ("job", Big),
        ],
        rows: "SELECT replay, place, item, destination, generation, publish, relevance, job FROM replay_target",
    },
    Table {
        name: "attempt",
        columns: &[
            ("job", Big), ("number", Big), ("started_at", Big), ("ended_at", Big), ("requests", Big), ("outcome", Text),
            ("failure", Text), ("exchanges", Text),
        ],
        rows: "SELECT job, number, started_at, ended_at, requests, outcome, failure, exchanges FROM attempt",
    },
    Table {
        name: "entry",
        columns: &[("destination", Big), ("item", Big), ("name", Text)],
        rows: "SELECT destination, item, name FROM entry",
    },
    Table {
        name: "note",
        columns: &[("item", Big), ("job", Big), ("at", Big), ("kind", Small), ("actor", Text), ("text", Text)],
        rows: "SELECT item, job, at, kind, actor, text FROM note ORDER BY id",
    },
    Table {
        name: "effect",
        columns: &[("destination", Big), ("item", Big), ("job", Big), ("recorded_at", Big), ("key", Text), ("result_ref", Text)],
        rows: "SELECT destination, item, job, recorded_at, key, result_ref FROM effect",
    },
    Table {
        name: "slug_claim",
        columns: &[("item", Big), ("leaving", Big), ("key", Bytes), ("slug", Text)],
        rows: "SELECT item, leaving, key, slug FROM slug_claim",
    },
    // Of several records under one key, the newest holds: the others have expired.
    Table {
        name: "key_record",
        columns: &[("expires_at", Big), ("key", Bytes), ("fingerprint", Bytes), ("answer", Text)],
        rows: "SELECT expires_at, key, fingerprint, answer FROM key_record WHERE id IN (SELECT max(id) FROM key_record GROUP BY key)",
    },
    Table {
        name: "event_group",
        columns: &[("id", Big), ("first", Big), ("entries", Int)],
        rows: "SELECT (seq - 1) / 1000 + 1, min(seq), max(seq) - min(seq) + 1 FROM event GROUP BY (seq - 1) / 1000",
    },
    Table {
        name: "event",
        columns: &[("event_group", Big), ("at", Big), ("item", Big), ("publish", Big), ("place", Int), ("request_id", Text), ("text", Text),
                   ("digest", Bytes)],
        rows: "SELECT (e.seq - 1) / 1000 + 1, e.at, e.item, e.publish, e.seq - g.first, e.request_id, e.text, e.digest
               FROM (SELECT (seq - 1) / 1000 AS number, min(seq) AS first FROM event GROUP BY number) g
               JOIN event e ON e.seq BETWEEN g.number * 1000 + 1 AND g.number * 1000 + 1000",
    },
    Table {
        name: "segment",
        columns: &[("first", Big), ("last", Big), ("sealed_at", Big), ("hash", Bytes), ("previous", Bytes), ("erased", Flag)],
        rows: "SELECT first, last, sealed_at, hash, previous, erased FROM segment",
    },
    Table {
        name: "media",
        columns: &[("size", Big), ("stored_at", Big), ("sha256", Bytes), ("content_type", Text), ("bytes", File)],
        rows: "SELECT size, stored_at, sha256, content_type, sha256 FROM media",
    },
    // Rights to renew are not moved: they end with the leases of those who hold them.
    Table {
        name: "credential",
        columns: &[("number", Big), ("fence", Big), ("refused_until", Big), ("name", Text), ("sealed", Bytes)],
        rows: "SELECT number, fence, refused_until, name, sealed FROM credential",
    },
    Table {
        name: "webhook",
        columns: &[
            ("id", Big), ("received_at", Big), ("keep_until", Big), ("due", Big), ("attempts", Int), ("state", Small),
            ("known_for_ever", Flag), ("source", Text), ("owner", Text), ("repeat_key", Bytes), ("proof", Text), ("outcome", Text), ("envelope", Text),
            ("body", Bytes),
        ],
        rows: "SELECT id, received_at, keep_until, due, attempts, state, known_for_ever, source, owner, repeat_key, proof, outcome, envelope, body
               FROM webhook",
    },
    Table {
        name: "poll",
        columns: &[("due", Big), ("source", Text), ("cursor", Text)],
        rows: "SELECT due, source, cursor FROM poll",
    },
    Table {
        name: "noted",
        columns: &[
            ("owner", Text), ("environment", Text), ("content_id", Text), ("is_there", Big), ("version_kind", Big), ("version", Big),
            ("webhook", Big),
        ],
        rows: "SELECT owner, environment, content_id, is_there, version_kind, version, webhook FROM noted",
    },
    Table {
        name: "listing",
        columns: &[("sweep", Big), ("source", Text), ("environment", Text), ("content_id", Text), ("locale", Text)],
        rows: "SELECT sweep, source, environment, content_id, locale FROM listing",
    },
    Table {
        name: "pause",
        columns: &[
            ("id", Big), ("began_at", Big), ("ended_at", Big), ("kind", Small), ("name", Text), ("owner", Text),
            ("environment", Text), ("locale", Text), ("actor", Text), ("note", Text),
        ],
        rows: "SELECT id, began_at, ended_at, kind, name, owner, environment, locale, actor, note FROM pause",
    },
    Table {
        name: "token",
        columns: &[
            ("name", Text), ("hash", Text), ("role", Text), ("owner", Text), ("environments", Text), ("created_at", Big),
        ],
        rows: "SELECT name, hash, role, owner, environments, created_at FROM token",
    },
];
