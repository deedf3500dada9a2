-- The first schema. Integers are times in microseconds since 1970, or the numbers of `column.rs`.
-- Everything grows at its end but `name`, under which rows are found by what is random (keys,
-- request ids, items, slugs): each insert under a random key dirties a page, so many go in at once.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `pace`: when publishes may begin there; `next_slot_at`: the first slot that nobody has; `began_at`: when one
-- began last.
CREATE TABLE destination (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lane INTEGER NOT NULL,
    request_timeout INTEGER NOT NULL,
    commit_window INTEGER,
    pace TEXT,
    next_slot_at INTEGER,
    began_at INTEGER
) STRICT;

-- `content` is the number that the item's locales share: the id of the first of them. `erased_at`: when its words
-- were erased last, of all generations up to `erased`.
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    content INTEGER NOT NULL,
    owner TEXT NOT NULL,
    environment TEXT NOT NULL,
    content_id TEXT NOT NULL,
    locale TEXT NOT NULL,
    source TEXT NOT NULL,
    version_kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    action INTEGER NOT NULL,
    body BLOB NOT NULL,
    publish INTEGER NOT NULL,
    revised INTEGER NOT NULL DEFAULT 0,
    slug TEXT,
    slug_key BLOB,
    erased_at INTEGER,
    erased INTEGER
) STRICT;

-- `salt` is that of the publish's raw bytes: erasing a body erases its salt with it.
CREATE TABLE revision (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    publish INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    key_record INTEGER,
    slug TEXT,
    checksum BLOB NOT NULL,
    salt BLOB,
    media TEXT,
    payload TEXT
) STRICT;
CREATE UNIQUE INDEX revision_generation ON revision (item, generation);
CREATE INDEX revision_body ON revision (accepted_at) WHERE payload IS NOT NULL;

CREATE TABLE revision_media (
    sha256 BLOB NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (sha256, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX revision_media_revision ON revision_media (revision);

-- `waits`: the bits of what holds it back; 0 once it was released or ended. `held`: those bits when it was given
-- up. `restores`: the generation whose body it brings back. `ready_at`: not looked at
-- before this time. `fetch_at`: when its media are fetched next, while they are wanted. `slug_key`: the slug
-- that it waits for.
CREATE TABLE publish (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    version_kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    action INTEGER NOT NULL,
    class INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    released_at INTEGER,
    publish_at INTEGER,
    waits INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    waits_since INTEGER,
    fetch_at INTEGER,
    fetches INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    restores INTEGER,
    slug_key BLOB
) STRICT;
CREATE INDEX publish_item ON publish (item, generation);
CREATE INDEX publish_waiting ON publish (item) WHERE waits <> 0;
CREATE INDEX publish_ready ON publish (ready_at) WHERE waits <> 0;
CREATE INDEX publish_fetch ON publish (fetch_at) WHERE fetch_at IS NOT NULL;

-- What publishes that wait depend on, in the order given. `content`: its short name within owner and
-- environment.
CREATE TABLE dependency (
    publish INTEGER NOT NULL,
    place INTEGER NOT NULL,
    content BLOB NOT NULL,
    content_id TEXT NOT NULL,
    PRIMARY KEY (publish, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_content ON dependency (content);

-- Contents that went live while publishes waited for them: those are looked at again.
CREATE TABLE arrival (
    id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

-- `payload_at`: where in the bytes the payload stood that the publish's revision has; NULL: they are whole.
-- `headers`: pairs as JSON; NULL: none were kept.
CREATE TABLE raw_request (
    publish INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    salt BLOB NOT NULL,
    payload_at INTEGER,
    headers TEXT,
    bytes BLOB NOT NULL
) STRICT;
-- As they came. Whoever erases a payload erases the bytes around it first.
CREATE VIEW whole_request AS
    SELECT w.publish, w.received_at, w.salt, w.headers,
           CASE WHEN w.payload_at IS NULL THEN w.bytes
                ELSE CAST(substr(w.bytes, 1, w.payload_at) || r.payload || substr(w.bytes, w.payload_at + 1) AS BLOB)
           END AS bytes
    FROM raw_request w JOIN publish p ON p.id = w.publish
    LEFT JOIN revision r ON r.item = p.item AND r.generation = p.generation AND r.publish = p.id;

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    publish INTEGER NOT NULL,
    item INTEGER NOT NULL,
    destination INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    action INTEGER NOT NULL,
    class INTEGER NOT NULL,
    state INTEGER NOT NULL,
    due INTEGER NOT NULL,
    released_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    claimed_at INTEGER,
    live_at INTEGER,
    evidence INTEGER,
    replaced_by INTEGER,
    overwrites INTEGER,
    failure TEXT,
    shown TEXT
) STRICT;
CREATE INDEX job_publish ON job (publish);
-- Covers `expire` and `counts`, which must not visit the rows of a long queue.
CREATE INDEX job_queued ON job (destination, class, due, released_at) WHERE state = 1;
-- P7: at most one run at a time per lane.
CREATE UNIQUE INDEX job_lease ON job (destination, lane) WHERE lease_until IS NOT NULL;
-- Pending jobs and dead letters: few, and asked for by state.
CREATE INDEX job_waiting ON job (state, destination, class) WHERE state IN (0, 4);

-- What should be so, and what was last verified to be so (`shown_job` showed `shown_generation`).
-- `slot_at`: when what is desired may begin, where the destination has a pace.
CREATE TABLE desired (
    item INTEGER NOT NULL,
    destination INTEGER NOT NULL,
    action INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    publish INTEGER NOT NULL,
    job INTEGER NOT NULL,
    shown_generation INTEGER,
    shown_job INTEGER,
    undisturbed INTEGER NOT NULL DEFAULT 0,
    look_due_at INTEGER,
    slot_at INTEGER,
    look_owed INTEGER NOT NULL DEFAULT 0,
    drift INTEGER,
    drift_at INTEGER,
    drift_seen TEXT,
    adopted TEXT,
    PRIMARY KEY (item, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX desired_slot ON desired (destination, slot_at) WHERE slot_at IS NOT NULL;
CREATE INDEX desired_look ON desired (destination, look_due_at) WHERE look_due_at IS NOT NULL;
CREATE INDEX desired_drift ON desired (item, destination) WHERE drift IS NOT NULL;

-- `number` is the run's fence: runs that were put back count too.
CREATE TABLE attempt (
    job INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    requests INTEGER NOT NULL,
    failure TEXT,
    exchanges TEXT,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_age ON attempt (ended_at);

-- `item` is 0 for what items share.
CREATE TABLE effect (
    destination INTEGER NOT NULL,
    item INTEGER NOT NULL,
    key TEXT NOT NULL,
    result_ref TEXT NOT NULL,
    job INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (destination, item, key)
) STRICT, WITHOUT ROWID;

-- Whose entries are whose: every name that an item's entry ever had at a destination. It stays when the
-- entry goes, because others speak of it later.
CREATE TABLE entry (
    destination INTEGER NOT NULL,
    name TEXT NOT NULL,
    item INTEGER NOT NULL,
    PRIMARY KEY (destination, name)
) STRICT, WITHOUT ROWID;

-- Counts only while the job's lease has this fence.
CREATE TABLE hold (
    destination INTEGER NOT NULL,
    key TEXT NOT NULL,
    job INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    PRIMARY KEY (destination, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_job ON hold (job);

-- What people say of items and jobs. `kind`: 0 a note, 1 a call for help, 2 why an action was taken.
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    job INTEGER,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    actor TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX note_item ON note (item);

-- The halves of SHA-256s that lead to rows, by the rows' numbers.
CREATE TABLE name (
    name BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (name, number)
) STRICT, WITHOUT ROWID;
-- Names that are not in `name` yet, a row for each transaction: 16 bytes and the row's number each.
CREATE TABLE recent_name (
    id INTEGER PRIMARY KEY,
    names BLOB NOT NULL
) STRICT;

-- `leaving`: the generation that gives the slug up.
CREATE TABLE slug_claim (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    item INTEGER NOT NULL,
    slug TEXT NOT NULL,
    leaving INTEGER
) STRICT;
CREATE INDEX slug_leaving ON slug_claim (item) WHERE leaving IS NOT NULL;

CREATE TABLE key_record (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    expires_at INTEGER,
    answer TEXT NOT NULL
) STRICT;
CREATE INDEX key_expiry ON key_record (expires_at) WHERE expires_at IS NOT NULL;

-- The columns beside `text` only find entries; the text is what is hashed and shown. `digest`: the hash of what the
-- text was before words were erased from it.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    item INTEGER NOT NULL,
    publish INTEGER,
    request_id TEXT,
    text TEXT NOT NULL,
    digest BLOB
) STRICT;
CREATE INDEX event_publish ON event (publish) WHERE publish IS NOT NULL;
CREATE INDEX event_item ON event (item) WHERE publish IS NULL;
CREATE INDEX event_request ON event (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE segment (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    hash BLOB NOT NULL,
    previous BLOB NOT NULL,
    sealed_at INTEGER NOT NULL,
    erased INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE media (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    owner TEXT NOT NULL,
    environments TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in to the console: hashes of secrets and of tokens.
CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Credentials that rotate, sealed. `held_until`: while a node may renew; `refused_until`: while nobody
-- tries.
CREATE TABLE credential (
    name TEXT PRIMARY KEY,
    number INTEGER NOT NULL DEFAULT 0,
    sealed BLOB,
    fence INTEGER NOT NULL DEFAULT 0,
    held_until INTEGER,
    refused_until INTEGER
) STRICT, WITHOUT ROWID;

-- As they came. `repeat_key`: what a repeat has too; `known_for_ever`: also when the rest is erased. `due`: when somebody looks at it again while nobody has
-- dealt with it. Keys are made of the numbers, so the last row stays: no number is given twice.
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    repeat_key BLOB,
    received_at INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    known_for_ever INTEGER NOT NULL,
    state INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    proof TEXT NOT NULL,
    outcome TEXT NOT NULL,
    envelope TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX webhook_repeat ON webhook (source, repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX webhook_due ON webhook (due) WHERE state = 0;
CREATE INDEX webhook_waiting ON webhook (state, id) WHERE state IN (0, 3);
CREATE INDEX webhook_age ON webhook (keep_until);

-- How far each source was asked, and its sweep (its name, with `:sweep`) is. `due`: when it is asked next, or its
-- asking is taken over.
CREATE TABLE poll (
    source TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    cursor TEXT
) STRICT, WITHOUT ROWID;

-- What sources have besides items, such as files and terms, as the newest news of it says. `webhook`: which told.
CREATE TABLE noted (
    owner TEXT NOT NULL,
    environment TEXT NOT NULL,
    content_id TEXT NOT NULL,
    is_there INTEGER NOT NULL,
    version_kind INTEGER,
    version INTEGER,
    webhook INTEGER NOT NULL,
    PRIMARY KEY (content_id, owner, environment)
) STRICT, WITHOUT ROWID;

-- What sweeps of sources were shown. `sweep`: when it began.
CREATE TABLE listing (
    source TEXT NOT NULL,
    sweep INTEGER NOT NULL,
    environment TEXT NOT NULL,
    content_id TEXT NOT NULL,
    locale TEXT NOT NULL,
    PRIMARY KEY (source, sweep, environment, content_id, locale)
) STRICT, WITHOUT ROWID;

-- What persons have stopped. `kind`: 0 everything, 1 a destination, 2 a class (its number as text), 3 a content
-- (`name` is its id; `locale` is empty for all). Ended ones stay a while: their time counts against no deadline.
CREATE TABLE pause (
    id INTEGER PRIMARY KEY,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    environment TEXT NOT NULL,
    locale TEXT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX pause_active ON pause (kind, name, owner, environment, locale) WHERE ended_at IS NULL;
-- Comparisons of a destination with what is desired there. `state`: 0 while it runs; `due`: when a node may
-- take it up; `record`: what readers see of it, and how far it is.
CREATE TABLE reconciliation (
    id INTEGER PRIMARY KEY,
    destination INTEGER NOT NULL,
    state INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    due INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
-- One at a time.
CREATE UNIQUE INDEX reconciliation_running ON reconciliation (destination) WHERE state = 0;
CREATE INDEX reconciliation_at ON reconciliation (destination, id);

-- Items of ours that a reconciliation which runs has met. `suspect`: 1 where a look is to judge it.
CREATE TABLE sighting (
    reconciliation INTEGER NOT NULL,
    item INTEGER NOT NULL,
    suspect INTEGER NOT NULL,
    PRIMARY KEY (reconciliation, item)
) STRICT, WITHOUT ROWID;

-- What was asked for before and is run again. `state`: 0 while it runs; `due`: when a node may take it up;
-- `record`: what readers see of it, and how far it is.
CREATE TABLE replay (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    state INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    due INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
-- One at a time for each owner.
CREATE UNIQUE INDEX replay_running ON replay (owner) WHERE state = 0;
CREATE INDEX replay_at ON replay (owner, id);

-- The events of replays in their order: publishes, each at a destination. `relevance`: as decided, or as it looked
-- at the start; `job`: the one that was queued, or was on its way.
CREATE TABLE replay_target (
    replay INTEGER NOT NULL,
    place INTEGER NOT NULL,
    item INTEGER NOT NULL,
    destination INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    publish INTEGER NOT NULL,
    relevance INTEGER NOT NULL,
    job INTEGER,
    PRIMARY KEY (replay, place)
) STRICT, WITHOUT ROWID;
