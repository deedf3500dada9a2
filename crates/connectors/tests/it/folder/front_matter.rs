//! Front matter with anything in it.

use proptest::prelude::*;
use serde_json::{Value, json};
use slugline_core::time::Timestamp;

use super::{PAGE, document, port, shows};
use crate::samples::post;

fn field() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        TEXT.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(TEXT, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any text, line ends and control characters included.
const TEXT: &str = "(?s).{0,40}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn front_matter_that_is_written_is_read_back(
        title in TEXT,
        excerpt in prop::option::of(TEXT),
        tags in prop::collection::vec(TEXT, 0..4),
        extra in field(),
        body in TEXT,
    ) {
        let port = port();
        let mut work = post("hello");
        work.payload.title = title.clone();
        work.payload.excerpt = excerpt.clone();
        work.payload.tags = tags.clone();
        work.payload.body = body.clone();
        work.payload.published_at = Some(Timestamp(0));
        work.payload.fields.insert("extra".into(), extra.clone());
        shows(&work, &port);
        let found = document(&port, PAGE);
        prop_assert_eq!(&found.front["title"], &json!(title));
        prop_assert_eq!(found.front.get("description").cloned(), excerpt.map(Value::from));
        prop_assert_eq!(found.front.get("tags").cloned().unwrap_or(json!([])), json!(tags));
        prop_assert_eq!(&found.front["extra"], &extra);
        prop_assert_eq!(&found.front["date"], "1970-01-01T00:00:00Z");
        prop_assert_eq!(found.body, body);
    }
}
