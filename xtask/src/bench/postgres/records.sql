-- As `records.sql` beside this folder has them for SQLite: the records that every publish leaves behind, in the cheapest
-- form that keeps them.
CREATE TABLE event (
    seq bigserial PRIMARY KEY, at bigint NOT NULL, type smallint NOT NULL, actor integer NOT NULL,
    content bigint NOT NULL, job bigint, request bytea, outcome smallint NOT NULL, digest bytea NOT NULL
);
CREATE TABLE request (
    key bytea PRIMARY KEY, fingerprint bytea NOT NULL, answer text NOT NULL, event bigint NOT NULL, expires bigint NOT NULL
);
CREATE TABLE content (
    id bigint PRIMARY KEY, name bytea NOT NULL UNIQUE, version bigint NOT NULL, generation bigint NOT NULL
);
CREATE TABLE slug (slug bytea PRIMARY KEY, content bigint NOT NULL);
CREATE TABLE revision (
    id bigserial PRIMARY KEY, content bigint NOT NULL, generation bigint NOT NULL, checksum bytea NOT NULL, body bytea NOT NULL
);
CREATE TABLE desired (
    destination integer NOT NULL, content bigint NOT NULL, action smallint NOT NULL, generation bigint NOT NULL,
    cause bigint NOT NULL, PRIMARY KEY (destination, content)
);
CREATE TABLE job (
    id bigint PRIMARY KEY, destination integer NOT NULL, content bigint NOT NULL, generation bigint NOT NULL,
    class smallint NOT NULL, state smallint NOT NULL, due bigint, lease bigint, fence bigint NOT NULL, evidence smallint
);
CREATE INDEX job_due ON job (class, due) WHERE state = 1;
CREATE INDEX job_running ON job (destination, content) WHERE state = 2;
CREATE TABLE attempt (
    id bigserial PRIMARY KEY, job bigint NOT NULL, started bigint NOT NULL, ended bigint NOT NULL, outcome smallint NOT NULL
);
CREATE TABLE effect (
    job bigint NOT NULL, step smallint NOT NULL, result_ref text NOT NULL, PRIMARY KEY (job, step)
);
