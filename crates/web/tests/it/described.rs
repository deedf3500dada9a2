//! The OpenAPI document against real answers: what is answered is described, and what is promised
//! is answered.

use serde_json::{Value, json};

use crate::house::House;

#[tokio::test]
async fn answers_have_the_described_members() {
    let house = House::open().await;
    let document = house.get("/openapi.json").await.ok(200);
    let schema = |name: &str, value: &Value| {
        conform(
            &document,
            &document["components"]["schemas"][name],
            value,
            name,
        )
    };
    let example = document["components"]["schemas"]["PublishRequest"]["examples"][0].clone();

    let mut accepted = example.clone();
    accepted["payload"]["media"] = json!([]);
    let answer = house.publish("r-1", accepted).await.ok(202);
    schema("Answer", &answer);
    let job = answer["jobs"][0]["job_id"].as_str().unwrap();
    schema(
        "JobDetail",
        &house.get(&format!("/v1/jobs/{job}")).await.ok(200),
    );
    schema("Publish", &house.get("/v1/publishes/r-1").await.ok(200));
    schema(
        "Problem",
        &house
            .get("/v1/publishes/none")
            .await
            .problem(404, "not_found"),
    );
    for (path, name) in [
        ("/v1/publishes", "Publish"),
        ("/v1/content/post-42", "Content"),
        ("/v1/content/post-42/revisions", "Revision"),
        ("/v1/content/post-42/timeline", "LogEntry"),
        ("/v1/events", "LogEntry"),
    ] {
        let list = house.get(path).await.ok(200);
        let items = list["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{path}");
        items.iter().for_each(|item| schema(name, item));
    }
    let tokens = house.get_as("admin", "/v1/tokens").await.ok(200);
    tokens["items"]
        .as_array()
        .unwrap()
        .iter()
        .for_each(|item| schema("Token", item));
}

/// As much of JSON Schema as the document uses for members: references, unions, objects, arrays,
/// words.
#[track_caller]
pub(crate) fn conform(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        return conform(
            document,
            document.pointer(target.trim_start_matches('#')).unwrap(),
            value,
            place,
        );
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        let one = if value.is_null() {
            branches.last()
        } else {
            branches.first()
        };
        return conform(document, one.unwrap(), value, place);
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is not described");
    }
    assert_eq!(
        schema["type"] == "null",
        value.is_null(),
        "{place}: {value}"
    );
    let parts: Vec<&Value> = schema["allOf"]
        .as_array()
        .map_or(vec![schema], |all| all.iter().collect());
    if let Some(members) = value.as_object() {
        members_conform(document, &parts, members, place);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        conform(
            document,
            &schema["items"],
            item,
            &format!("{place}[{index}]"),
        );
    }
}

#[track_caller]
fn members_conform(
    document: &Value,
    parts: &[&Value],
    members: &serde_json::Map<String, Value>,
    place: &str,
) {
    let resolve = |part: &&Value| {
        part["$ref"].as_str().map_or((*part).clone(), |target| {
            document
                .pointer(target.trim_start_matches('#'))
                .unwrap()
                .clone()
        })
    };
    let parts: Vec<Value> = parts.iter().map(resolve).collect();
    for required in parts
        .iter()
        .filter_map(|part| part["required"].as_array())
        .flatten()
    {
        assert!(
            members.contains_key(required.as_str().unwrap()),
            "{place}: {required} is promised and absent"
        );
    }
    if parts.iter().all(|part| part["properties"].is_null()) {
        return;
    }
    for (name, value) in members {
        let described = parts.iter().find_map(|part| part["properties"].get(name));
        conform(
            document,
            described.unwrap_or_else(|| panic!("{place}.{name} is not described")),
            value,
            &format!("{place}.{name}"),
        );
    }
}
