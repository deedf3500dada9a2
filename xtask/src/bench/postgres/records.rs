//! The floor of end to end on PostgreSQL: one writer that does nothing but write every promised record of accept, claim and
//! settle, in groups of 64 under random keys, one statement each, with its look-ups in SQL.

use std::time::{Duration, Instant};

use anyhow::Result;
use slugline_parts::postgres::Server;
use tokio_postgres::{Client, Statement};

use super::database;
use crate::bench::records::{ANSWER, GROUP};
use crate::bench::requests::BODY_BYTES;

const SCHEMA: &str = include_str!("records.sql");

const ACCEPT: &str = "
    WITH input AS MATERIALIZED (
        SELECT i.* FROM UNNEST($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) AS i (id, key, name, digest)
        WHERE NOT EXISTS (SELECT FROM request r WHERE r.key = i.key)
          AND NOT EXISTS (SELECT FROM content c WHERE c.name = i.name)
          AND NOT EXISTS (SELECT FROM slug s WHERE s.slug = i.name)),
    a AS (INSERT INTO content SELECT id, name, 1, 1 FROM input),
    b AS (INSERT INTO slug SELECT name, id FROM input),
    c AS (INSERT INTO revision (content, generation, checksum, body) SELECT id, 1, digest, $5::bytea FROM input),
    d AS (INSERT INTO desired SELECT 1, id, 1, 1, 1 FROM input),
    e AS (INSERT INTO job SELECT id, 1, id, 1, 1, 1, 1, NULL, 0, NULL FROM input),
    f AS (INSERT INTO event (at, type, actor, content, job, request, outcome, digest)
          SELECT 1, 1, 1, id, id, key, 1, digest FROM input)
    INSERT INTO request SELECT key, digest, $6::text, id, 1 FROM input";
const CLAIM: &str = "UPDATE job SET state = 2, lease = 1, fence = fence + 1 WHERE id = ANY ($1::bigint[]) AND state = 1";
const SETTLE: &str = "
    WITH input AS MATERIALIZED (SELECT id FROM UNNEST($1::bigint[]) AS i (id)),
    a AS (INSERT INTO attempt (job, started, ended, outcome) SELECT id, 1, 2, 1 FROM input),
    b AS (INSERT INTO effect SELECT id, 1, 'acknowledged' FROM input),
    c AS (INSERT INTO event (at, type, actor, content, job, request, outcome, digest)
          SELECT 1, 2, 1, id, id, $2::bytea, 1, $2::bytea FROM input)
    UPDATE job SET state = 3, lease = NULL, due = NULL, evidence = 2 FROM input WHERE job.id = input.id AND fence = 1";

/// Publishes per second that the writer takes from accept to settled over `span`, in a new database.
pub(in crate::bench) async fn per_second(server: &Server, span: Duration) -> Result<f64> {
    let client = database(server, "records", SCHEMA).await?;
    let (accept, claim, settle) = (
        client.prepare(ACCEPT).await?,
        client.prepare(CLAIM).await?,
        client.prepare(SETTLE).await?,
    );
    let mut random = fastrand::Rng::new();
    let (started, mut settled) = (Instant::now(), 0_i64);
    while started.elapsed() < span {
        let jobs: Vec<i64> = (settled..).take(GROUP).collect();
        write_accepted(&client, &accept, &jobs, &mut random).await?;
        client.execute(&claim, &[&jobs]).await?;
        client
            .execute(&settle, &[&jobs, &[0_u8; 32].as_slice()])
            .await?;
        settled += jobs.len() as i64;
    }
    Ok(settled as f64 / started.elapsed().as_secs_f64())
}

async fn write_accepted(
    client: &Client,
    accept: &Statement,
    jobs: &[i64],
    random: &mut fastrand::Rng,
) -> Result<()> {
    let mut bytes = |count: usize| -> Vec<Vec<u8>> {
        let mut one = || {
            std::iter::repeat_with(|| random.u8(..))
                .take(count)
                .collect()
        };
        std::iter::repeat_with(&mut one).take(jobs.len()).collect()
    };
    let (keys, names, digests) = (bytes(16), bytes(16), bytes(32));
    let body = [b'x'; BODY_BYTES];
    client
        .execute(
            accept,
            &[&jobs, &keys, &names, &digests, &body.as_slice(), &ANSWER],
        )
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_publish_of_the_floor_is_settled_with_all_its_records() {
        let server = Server::start().unwrap();
        assert!(per_second(&server, Duration::from_millis(1)).await.unwrap() > 0.0);
        let count = |query: &str| -> i64 {
            let answer = server.sql("records", query).unwrap();
            answer.trim().parse().unwrap()
        };
        let settled = count("SELECT count(*) FROM job WHERE state = 3 AND fence = 1");
        assert!(settled >= 64);
        assert_eq!(settled * 2, count("SELECT count(*) FROM event"));
        for table in [
            "job", "request", "content", "slug", "revision", "desired", "attempt", "effect",
        ] {
            let rows = count(&format!("SELECT count(*) FROM {table}"));
            assert_eq!(settled, rows, "{table}");
        }
    }
}
