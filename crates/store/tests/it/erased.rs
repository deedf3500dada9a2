//! That what was erased is not in the bytes any more: the files of SQLite, the columns of PostgreSQL.

use std::path::Path;

use futures_executor::block_on;

use crate::bench::{Bench, post};
use crate::contract::erasure::{MARKER, remove_and_erase, write_everywhere};
use crate::{postgres, sqlite};

/// Rows beside those that are erased, so that pages split and are freed.
const NEIGHBOURS: usize = 300;

async fn fill(bench: &Bench) {
    for number in 0..NEIGHBOURS {
        bench
            .accept(&post(&format!("n{number}"), 1).to(&["shop"]))
            .await;
    }
    write_everywhere(bench).await;
    for number in 0..NEIGHBOURS {
        bench
            .accept(&post(&format!("n{number}"), 2).to(&["shop"]))
            .await;
    }
}

/// Files below a folder in whose bytes or names the words are.
fn with_marker(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(with_marker(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let times = bytes
            .windows(MARKER.len())
            .filter(|at| *at == MARKER.as_bytes())
            .count();
        if times > 0 {
            found.push(format!("{} ({times} times)", path.display()));
        }
    }
    found
}

#[test]
fn no_file_of_sqlite_has_a_word() {
    let (bench, _store, directory) = sqlite::registered();
    block_on(async {
        fill(&bench).await;
        assert!(
            with_marker(directory.path()).len() >= 2,
            "the WAL and the medium"
        );
        remove_and_erase(&bench).await;
        assert_eq!(with_marker(directory.path()), Vec::<String>::new());
        let check = bench.store.verify_log().await.unwrap();
        assert_eq!(check.faults, Vec::<String>::new());
    });
}

#[test]
fn nobody_changes_an_entry_and_calls_it_erased() {
    let (bench, _store, directory) = sqlite::registered();
    block_on(async {
        write_everywhere(&bench).await;
        remove_and_erase(&bench).await;
    });
    let faults = || block_on(bench.store.verify_log()).unwrap().faults;
    assert_eq!(faults(), Vec::<String>::new());
    let database = rusqlite::Connection::open(directory.path().join("slugline.db")).unwrap();
    let sql = r#"UPDATE event SET text = replace(text, '"actor"', '"actress"')
                 WHERE seq = (SELECT min(seq) FROM event WHERE digest IS NOT NULL)"#;
    assert_eq!(database.execute(sql, []).unwrap(), 1);
    let told = faults();
    assert!(
        told.len() == 1 && told[0].contains("no erasure says so"),
        "{told:?}"
    );
}

#[test]
fn no_column_of_postgres_has_a_word() {
    let (bench, database) = postgres::fresh_database();
    block_on(async {
        fill(&bench).await;
        remove_and_erase(&bench).await;
    });
    let tables = database
        .sql("SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'")
        .unwrap();
    let mut looked_at = 0;
    for line in tables.lines() {
        let parts: Vec<&str> = line.split('|').collect();
        let [table, column, kind] = parts[..] else {
            panic!("{line}");
        };
        let text = match kind {
            "text" => format!("\"{column}\""),
            "bytea" => format!("encode(\"{column}\", 'escape')"),
            _ => continue,
        };
        looked_at += 1;
        let sql = format!("SELECT count(*) FROM \"{table}\" WHERE {text} LIKE '%{MARKER}%'");
        assert_eq!(database.sql(&sql).unwrap().trim(), "0", "{table}.{column}");
    }
    assert!(looked_at > 40, "{looked_at} columns were looked at");
}
