-- The first schema, in the words of SQLite's. BIGINT: times in microseconds since 1970, ids, counts;
-- SMALLINT: the numbers of `words.rs`. Names are compared byte by byte (COLLATE "C"), whatever the
-- database's language is.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- How many jobs were open when the log's entries were last given their places.
INSERT INTO meta (name, value) VALUES ('open_jobs', '0');

-- Ids are drawn under the item's lock, so that those of one item's publishes grow with their age.
CREATE SEQUENCE item_id;
CREATE SEQUENCE publish_id;
CREATE SEQUENCE job_id;

-- `pace`: when publishes may begin there; `next_slot_at`: the first slot that nobody has; `began_at`: when one
-- began last.
CREATE TABLE destination (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    lane SMALLINT NOT NULL,
    request_timeout BIGINT NOT NULL,
    commit_window BIGINT,
    pace TEXT,
    next_slot_at BIGINT,
    began_at BIGINT
);

-- `content` is the number that the item's locales share: the id of the first of them.
CREATE TABLE item (
    id BIGINT PRIMARY KEY,
    content BIGINT NOT NULL,
    publish BIGINT NOT NULL,
    version BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    version_kind SMALLINT NOT NULL,
    action SMALLINT NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    content_id TEXT COLLATE "C" NOT NULL,
    locale TEXT COLLATE "C" NOT NULL,
    source TEXT NOT NULL,
    revised BOOLEAN NOT NULL DEFAULT FALSE,
    body BYTEA NOT NULL,
    slug TEXT,
    slug_key BYTEA,
    erased_at BIGINT,
    erased BIGINT
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX item_key ON item (content_id, owner, environment, locale);

-- `salt` is that of the publish's raw bytes: erasing a body erases its salt with it. `key`: the key
-- of an assigned version, which is kept as long as the body.
CREATE TABLE revision (
    item BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    publish BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    key BYTEA,
    slug TEXT,
    checksum BYTEA NOT NULL,
    salt BYTEA,
    media TEXT,
    payload TEXT,
    PRIMARY KEY (item, generation)
);
CREATE INDEX revision_body ON revision (accepted_at) WHERE payload IS NOT NULL;

CREATE TABLE revision_media (
    sha256 BYTEA NOT NULL,
    item BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (sha256, item, generation)
);
CREATE INDEX revision_media_revision ON revision_media (item, generation);

-- `waits`: the bits of what holds it back; 0 once it was released or ended. `ready_at`: not looked at
-- before this time. `fetch_at`: when its media are fetched next, while they are wanted. `slug_key`: the slug
-- that it waits for.
CREATE TABLE publish (
    id BIGINT PRIMARY KEY,
    item BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    version BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    ready_at BIGINT NOT NULL,
    waits_since BIGINT,
    released_at BIGINT,
    publish_at BIGINT,
    fetch_at BIGINT,
    fetches INTEGER NOT NULL DEFAULT 0,
    waits INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    restores BIGINT,
    version_kind SMALLINT NOT NULL,
    action SMALLINT NOT NULL,
    class SMALLINT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    actor TEXT NOT NULL,
    slug_key BYTEA
);
CREATE INDEX publish_item ON publish (item, generation);
CREATE INDEX publish_request ON publish (request_id);
CREATE INDEX publish_waiting ON publish (item) WHERE waits <> 0;
CREATE INDEX publish_ready ON publish (ready_at) WHERE waits <> 0;
CREATE INDEX publish_fetch ON publish (fetch_at) WHERE fetch_at IS NOT NULL;

-- What publishes that wait depend on, in the order given. `content`: its short name within owner and
-- environment.
CREATE TABLE dependency (
    publish BIGINT NOT NULL,
    place INTEGER NOT NULL,
    content BYTEA NOT NULL,
    content_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (publish, place)
);
CREATE INDEX dependency_content ON dependency (content);

-- Contents that went live while publishes waited for them: those are looked at again.
CREATE TABLE arrival (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content BYTEA NOT NULL
);

-- `headers`: pairs as JSON; NULL: none were kept.
CREATE TABLE raw_request (
    publish BIGINT PRIMARY KEY,
    received_at BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    headers TEXT,
    bytes BYTEA NOT NULL
);
CREATE INDEX raw_request_age ON raw_request (received_at);

CREATE TABLE job (
    id BIGINT PRIMARY KEY,
    publish BIGINT NOT NULL,
    item BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    lane BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    due BIGINT NOT NULL,
    released_at BIGINT,
    fence BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,
    claimed_at BIGINT,
    live_at BIGINT,
    replaced_by BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    action SMALLINT NOT NULL,
    class SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    evidence SMALLINT,
    overwrites BOOLEAN,
    failure TEXT,
    shown TEXT
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
CREATE INDEX job_publish ON job (publish);
-- Covers `expire` and `counts`, and gives the queue in the order in which it is claimed.
CREATE INDEX job_queued ON job (destination, class, due, released_at, id) WHERE state = 1;
-- P7: at most one run at a time per lane. Claims lock lanes; this is what stands behind the locks.
CREATE UNIQUE INDEX job_lease ON job (destination, lane) WHERE lease_until IS NOT NULL;
-- Pending jobs and dead letters: few, and asked for by state.
CREATE INDEX job_waiting ON job (state, destination, class) WHERE state IN (0, 4);

-- What should be so, and what was last verified to be so (`shown_job` showed `shown_generation`).
-- `slot_at`: when what is desired may begin, where the destination has a pace.
CREATE TABLE desired (
    item BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    publish BIGINT NOT NULL,
    job BIGINT NOT NULL,
    shown_generation BIGINT,
    shown_job BIGINT,
    look_due_at BIGINT,
    slot_at BIGINT,
    drift_at BIGINT,
    action SMALLINT NOT NULL,
    drift SMALLINT,
    undisturbed BOOLEAN NOT NULL DEFAULT FALSE,
    look_owed BOOLEAN NOT NULL DEFAULT FALSE,
    drift_seen TEXT,
    adopted TEXT,
    PRIMARY KEY (item, destination)
) WITH (fillfactor = 80);
CREATE INDEX desired_slot ON desired (destination, slot_at) WHERE slot_at IS NOT NULL;
CREATE INDEX desired_look ON desired (destination, look_due_at) WHERE look_due_at IS NOT NULL;
CREATE INDEX desired_drift ON desired (item, destination) WHERE drift IS NOT NULL;

-- `number` is the run's fence: runs that were put back count too.
CREATE TABLE attempt (
    job BIGINT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    failure TEXT,
    exchanges TEXT,
    PRIMARY KEY (job, number)
);
CREATE INDEX attempt_age ON attempt (ended_at);

-- `item` is 0 for what items share.
CREATE TABLE effect (
    destination BIGINT NOT NULL,
    item BIGINT NOT NULL,
    job BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    result_ref TEXT NOT NULL,
    PRIMARY KEY (destination, item, key)
);

-- Whose entries are whose: every name that an item's entry ever had at a destination. It stays when the
-- entry goes, because others speak of it later.
CREATE TABLE entry (
    destination BIGINT NOT NULL,
    item BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (destination, name)
);

-- Counts only while the job's lease has this fence.
CREATE TABLE hold (
    destination BIGINT NOT NULL,
    job BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (destination, key)
);
CREATE INDEX hold_job ON hold (job);

-- What people say of items and jobs. `kind`: 0 a note, 1 a call for help, 2 why an action was taken.
CREATE TABLE note (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item BIGINT NOT NULL,
    job BIGINT,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    actor TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX note_item ON note (item);

-- `leaving`: the generation that gives the slug up.
CREATE TABLE slug_claim (
    item BIGINT NOT NULL,
    leaving BIGINT,
    key BYTEA NOT NULL,
    slug TEXT NOT NULL,
    PRIMARY KEY (key, item)
);
-- One claim of a slug that is not being given up, whoever asks at the same time.
CREATE UNIQUE INDEX slug_held ON slug_claim (key) WHERE leaving IS NULL;
CREATE INDEX slug_leaving ON slug_claim (item) WHERE leaving IS NOT NULL;

CREATE TABLE key_record (
    expires_at BIGINT,
    key BYTEA PRIMARY KEY,
    fingerprint BYTEA NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX key_expiry ON key_record (expires_at) WHERE expires_at IS NOT NULL;

-- The entries of one transaction. `first`: the place of its first entry in the log, given once it is
-- committed, because commits do not end in the order of their ids. `opened`: jobs that it made open,
-- less those that it ended. An entry's place in the log is
-- `first` + `place`.
CREATE TABLE event_group (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first BIGINT UNIQUE,
    entries INTEGER NOT NULL,
    opened INTEGER NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX event_group_new ON event_group (id) WHERE first IS NULL;

-- `place`: within its group, from 0. The columns beside `text` only find entries; the text is what is
-- hashed and shown.
CREATE TABLE event (
    event_group BIGINT NOT NULL,
    at BIGINT NOT NULL,
    item BIGINT NOT NULL,
    publish BIGINT,
    place INTEGER NOT NULL,
    request_id TEXT COLLATE "C",
    text TEXT NOT NULL,
    digest BYTEA,
    PRIMARY KEY (event_group, place)
);
CREATE INDEX event_publish ON event (publish) WHERE publish IS NOT NULL;
CREATE INDEX event_item ON event (item) WHERE publish IS NULL;
CREATE INDEX event_request ON event (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE segment (
    first BIGINT PRIMARY KEY,
    last BIGINT NOT NULL,
    sealed_at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    previous BYTEA NOT NULL,
    erased BOOLEAN NOT NULL DEFAULT FALSE
);

-- A submission that names a medium locks its row (FOR KEY SHARE) until its revision is there: whoever
-- removes a medium locks it FOR UPDATE first and looks for users of it in a later statement.
CREATE TABLE media (
    size BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    sha256 BYTEA PRIMARY KEY,
    content_type TEXT NOT NULL,
    bytes BYTEA NOT NULL
);
-- Images and films are compressed already.
ALTER TABLE media ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE token (
    name TEXT COLLATE "C" PRIMARY KEY,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    owner TEXT NOT NULL,
    environments TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Who is signed in to the console: hashes of secrets and of tokens.
CREATE TABLE session (
    hash TEXT COLLATE "C" PRIMARY KEY,
    token TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- Credentials that rotate, sealed. `held_until`: while a node may renew; `refused_until`: while nobody
-- tries.
CREATE TABLE credential (
    number BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    held_until BIGINT,
    refused_until BIGINT,
    name TEXT COLLATE "C" PRIMARY KEY,
    sealed BYTEA
);

-- As they came. `repeat_key`: what a repeat has too; `known_for_ever`: also when the rest is erased. `due`: when somebody looks at it again while nobody has
-- dealt with it.
CREATE TABLE webhook (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    received_at BIGINT NOT NULL,
    keep_until BIGINT NOT NULL,
    due BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state SMALLINT NOT NULL,
    known_for_ever BOOLEAN NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    repeat_key BYTEA,
    proof TEXT NOT NULL,
    outcome TEXT NOT NULL,
    envelope TEXT NOT NULL,
    body BYTEA NOT NULL
);
CREATE UNIQUE INDEX webhook_repeat ON webhook (source, repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX webhook_due ON webhook (due) WHERE state = 0;
CREATE INDEX webhook_waiting ON webhook (state, id) WHERE state IN (0, 3);
CREATE INDEX webhook_age ON webhook (keep_until);

-- How far each source was asked, and its sweep (its name, with `:sweep`) is. `due`: when it is asked next, or its
-- asking is taken over.
CREATE TABLE poll (
    due BIGINT NOT NULL,
    source TEXT COLLATE "C" PRIMARY KEY,
    cursor TEXT
);

-- What sources have besides items, such as files and terms, as the newest news of it says. `webhook`: which told.
CREATE TABLE noted (
    owner TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    content_id TEXT COLLATE "C" NOT NULL,
    is_there BIGINT NOT NULL,
    version_kind BIGINT,
    version BIGINT,
    webhook BIGINT NOT NULL,
    PRIMARY KEY (content_id, owner, environment)
);

-- What sweeps of sources were shown. `sweep`: when it began.
CREATE TABLE listing (
    sweep BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    content_id TEXT COLLATE "C" NOT NULL,
    locale TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (source, sweep, environment, content_id, locale)
);

-- What persons have stopped. `kind`: 0 everything, 1 a destination, 2 a class (its number as text), 3 a content
-- (`name` is its id; `locale` is empty for all). Ended ones stay a while: their time counts against no deadline.
CREATE TABLE pause (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    began_at BIGINT NOT NULL,
    ended_at BIGINT,
    kind SMALLINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    locale TEXT COLLATE "C" NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE UNIQUE INDEX pause_active ON pause (kind, name, owner, environment, locale) WHERE ended_at IS NULL;
-- Comparisons of a destination with what is desired there. `state`: 0 while it runs; `due`: when a node may
-- take it up; `record`: what readers see of it, and how far it is.
CREATE TABLE reconciliation (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    destination BIGINT NOT NULL,
    state BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    due BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    record TEXT NOT NULL
);
-- One at a time.
CREATE UNIQUE INDEX reconciliation_running ON reconciliation (destination) WHERE state = 0;
CREATE INDEX reconciliation_at ON reconciliation (destination, id);

-- Items of ours that a reconciliation which runs has met. `suspect`: 1 where a look is to judge it.
CREATE TABLE sighting (
    reconciliation BIGINT NOT NULL,
    item BIGINT NOT NULL,
    suspect BIGINT NOT NULL,
    PRIMARY KEY (reconciliation, item)
);

-- What was asked for before and is run again. `state`: 0 while it runs; `due`: when a node may take it up;
-- `record`: what readers see of it, and how far it is.
CREATE TABLE replay (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    owner TEXT NOT NULL,
    state BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    due BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    record TEXT NOT NULL
);
-- One at a time for each owner.
CREATE UNIQUE INDEX replay_running ON replay (owner) WHERE state = 0;
CREATE INDEX replay_at ON replay (owner, id);

-- The events of replays in their order: publishes, each at a destination. `relevance`: as decided, or as it looked
-- at the start; `job`: the one that was queued, or was on its way.
CREATE TABLE replay_target (
    replay BIGINT NOT NULL,
    place BIGINT NOT NULL,
    item BIGINT NOT NULL,
    destination BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    publish BIGINT NOT NULL,
    relevance BIGINT NOT NULL,
    job BIGINT,
    PRIMARY KEY (replay, place)
);
