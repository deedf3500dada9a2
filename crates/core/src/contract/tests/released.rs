//! The schemas: what is written fits them, and a released one stays as it is.

use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};

use crate::canonical::Fingerprint;
use crate::contract::samples::{SERVER, all, sample};
use crate::contract::{
    CURRENT, CloudEvent, Event, EventV1, EventV2, Form, Kind, Origin, VERSIONS, Written, schemas,
};

/// The SHA-256 of each schema's bytes. A row is added with a version and never changed.
const RELEASED: [(&str, &str); 3] = [
    (
        "event.v1.json",
        "6f8d3caaf3398cdc7a4af956bdb5d06c5f4f375b5e61ac5422c81ce139a2380b",
    ),
    (
        "event.v2.json",
        "8f9e775d25be4d5aa474ee1be6c60eca3ad4b1f8bb86724ae0d6469fa96a41e9",
    ),
    (
        "event.v3.json",
        "b892a8ec8507aea13cb904626d9847f3d004e5a9aef7102914d38b74b6eb5a2f",
    ),
];

const ADVICE: &str = "Somebody's reader was built from this file, so it must stay as it is. To change the contract: put the \
    file back, copy the newest one to schemas/event.vN.json with the next N and change the copy, add the form and its \
    casts in contract/, the file to schemas::ALL and its digest here. See \"How a change is made\" in docs/events.md.";

#[test]
fn a_schema_does_not_change_without_a_new_version() {
    for (name, digest) in RELEASED {
        let text = schemas::find(name).unwrap_or_else(|| panic!("{name} is gone. {ADVICE}"));
        let found = Fingerprint::of_bytes(text.as_bytes()).hex();
        assert_eq!(found, digest, "schemas/{name} was changed. {ADVICE}");
    }
    let kept = RELEASED.map(|(name, _)| name);
    let served = schemas::ALL.map(|(name, _)| name);
    assert_eq!(served, kept, "a new schema needs its digest in RELEASED");
}

#[test]
fn each_version_has_one_schema_that_says_its_number() {
    assert_eq!(VERSIONS.last(), Some(&CURRENT));
    assert_eq!(VERSIONS.len(), schemas::ALL.len());
    for version in VERSIONS {
        let schema = document(version);
        assert_eq!(schema["$id"], schemas::urn(version));
        let said = &schema["$defs"]["data"]["properties"]["schema_version"]["const"];
        assert_eq!(said, &json!(version));
    }
}

#[test]
fn the_members_are_those_of_the_schema() {
    check_members::<EventV1>();
    check_members::<EventV2>();
    check_members::<Event>();
}

fn check_members<D: Form>() {
    let schema = document(D::VERSION);
    let data = &schema["$defs"]["data"];
    assert_eq!(data["required"], json!(D::MEMBERS));
    let mut members = D::MEMBERS.to_vec();
    members.sort_unstable();
    let described: Vec<&String> = data["properties"].as_object().unwrap().keys().collect();
    assert_eq!(described, members);
}

#[test]
fn every_type_fits_its_schema_in_each_version_wherever_it_is_from() {
    let told = Origin::Destination {
        installation: "i1",
        name: "hook",
    };
    for version in VERSIONS {
        let judge = Judge::of(version);
        for event in all() {
            for origin in [SERVER, told] {
                judge.takes(&json!(Written::of(event.clone(), version, origin)));
            }
        }
    }
    assert_eq!(Written::of(sample(Kind::Released), 4, SERVER), None);
}

#[test]
fn the_schema_refuses_what_the_contract_does_not_have() {
    let judge = Judge::of(CURRENT);
    let whole = json!(CloudEvent::of(sample(Kind::Released), SERVER));
    for (path, value) in [
        ("/specversion", json!("0.3")),
        ("/id", json!("812")),
        ("/type", json!("released")),
        ("/time", json!("yesterday")),
        ("/dataschema", json!("event.v3.json")),
        ("/data/attempt", json!(0)),
        ("/data/version", json!(7.5)),
        ("/data/content_id", json!(42)),
        ("/data/payload", json!("Hello")),
        ("/data/schema_version", json!(1)),
    ] {
        let mut damaged = whole.clone();
        *damaged.pointer_mut(path).unwrap() = value;
        assert!(!judge.is_fine(&damaged), "{path}: {damaged}");
    }
    for (path, name) in [("/data", "locale"), ("", "source")] {
        let mut damaged = whole.clone();
        let members = damaged.pointer_mut(path).unwrap().as_object_mut().unwrap();
        members.remove(name);
        assert!(!judge.is_fine(&damaged), "without {path}/{name}");
    }
    let mut more = whole.clone();
    more["traceparent"] = json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert!(judge.is_fine(&more), "brokers add attributes");
    more["data"]["mood"] = json!("good");
    assert!(!judge.is_fine(&more));
}

fn document(version: u32) -> Value {
    let text = schemas::find(&schemas::name(version)).unwrap();
    serde_json::from_str(text).unwrap()
}

/// A JSON Schema validator with one of our schemas.
struct Judge {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Judge {
    fn of(version: u32) -> Self {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        let place = "http://localhost/schema.json";
        compiler.add_resource(place, document(version)).unwrap();
        let index = compiler.compile(place, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn is_fine(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }

    #[track_caller]
    fn takes(&self, value: &Value) {
        if let Err(why) = self.schemas.validate(value, self.index) {
            panic!("{why}: {value}");
        }
    }
}
