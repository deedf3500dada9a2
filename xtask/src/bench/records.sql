-- The records that every publish leaves behind, in the cheapest form that keeps them: integer keys inside, random
-- 16-byte keys only where a stranger's key is looked up, bodies inline, partial indexes for what the queue asks.
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type INTEGER NOT NULL, actor INTEGER NOT NULL,
    content INTEGER NOT NULL, job INTEGER, request BLOB, outcome INTEGER NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE request (
    key BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, answer TEXT NOT NULL, event INTEGER NOT NULL, expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE content (
    id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, generation INTEGER NOT NULL
);
CREATE TABLE slug (slug BLOB PRIMARY KEY, content INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE revision (
    id INTEGER PRIMARY KEY, content INTEGER NOT NULL, generation INTEGER NOT NULL, checksum BLOB NOT NULL, body BLOB NOT NULL
);
CREATE TABLE desired (
    destination INTEGER NOT NULL, content INTEGER NOT NULL, action INTEGER NOT NULL, generation INTEGER NOT NULL,
    cause INTEGER NOT NULL, PRIMARY KEY (destination, content)
) WITHOUT ROWID;
CREATE TABLE job (
    id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, content INTEGER NOT NULL, generation INTEGER NOT NULL,
    class INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER, lease INTEGER, fence INTEGER NOT NULL, evidence INTEGER
);
CREATE INDEX job_due ON job (class, due) WHERE state = 1;
CREATE INDEX job_running ON job (destination, content) WHERE state = 2;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL, outcome INTEGER NOT NULL
);
CREATE TABLE effect (
    job INTEGER NOT NULL, step INTEGER NOT NULL, result_ref TEXT NOT NULL, PRIMARY KEY (job, step)
) WITHOUT ROWID;
