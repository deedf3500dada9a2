//! What WordPress' refusals mean: `{code, message, data: {status, params, details}}`.
//!
//! Ensures that a refusal names the payload's fields, that a fault of the content is not retried
//! because it wears a 500, and that refused credentials are known in each of their forms.

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::http::Response;
use slugline_core::reason::{ErrorClass, Reason};
use slugline_core::time::Timestamp;

/// The parts of an error's body that are read (WP_REST_Server::error_to_response).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) code: String,
    message: String,
    /// Usually an object with `params` and `details`; for some faults a text or null.
    data: Value,
}

impl Body {
    /// With `term_exists`: the term that has the name.
    pub(super) fn term_id(&self) -> Option<u64> {
        self.data["term_id"].as_u64()
    }
}

/// Reads an error's body; anything that is not WordPress' own form is empty.
pub(super) fn body(response: &Response) -> Body {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// Classifies an answer that is not 2xx; `what` was being done.
pub(super) fn classify(response: &Response, what: &str, now: Timestamp) -> Failure {
    let body = body(response);
    let mut failure = Failure::from_response(response, what, &said(response, &body), now);
    failure.reason = reason(response.status, &body).unwrap_or(failure.reason);
    if failure.class() != ErrorClass::Invalid {
        return failure;
    }
    failure.with_fields(fields(&body.data["params"]))
}

/// What a 400 to a request that reads hides, where its body is as it came.
pub(super) fn hidden(body: &Value) -> Option<Reason> {
    forbidden_param(&body["data"]["details"])
}

fn reason(status: u16, body: &Body) -> Option<Reason> {
    match (status, body.code.as_str()) {
        (400, "rest_invalid_param") => forbidden_param(&body.data["details"]),
        // A file type that this site does not take; WordPress says so with a 500.
        (_, "rest_upload_sideload_error" | "rest_upload_image_type_not_supported") => {
            Some(Reason::UnsupportedContent)
        }
        // The REST API is switched off, or the address is not a WordPress.
        (404, "rest_no_route" | "") => Some(Reason::Misconfigured),
        // What we had read is gone.
        (404, _) => Some(Reason::Conflict),
        (501, "rest_trash_not_supported") => Some(Reason::Misconfigured),
        _ => None,
    }
}

/// A list with `status=any` answers 400 to a wrong password; the real status is inside.
fn forbidden_param(details: &Value) -> Option<Reason> {
    let details = details.as_object()?;
    let mut statuses = details
        .values()
        .filter_map(|detail| detail["data"]["status"].as_u64());
    statuses.find_map(|status| match status {
        401 => Some(Reason::CredentialsRefused),
        403 => Some(Reason::PermissionDenied),
        _ => None,
    })
}

fn said(response: &Response, body: &Body) -> String {
    let advice = match (response.status, body.code.as_str()) {
        (300..=399, _) => response
            .header("location")
            .map(|to| format!("it redirects to {to}")),
        (404, "rest_no_route" | "") => {
            Some("there is no WordPress REST API; is `url` the site's address?".into())
        }
        (501, "rest_trash_not_supported") => {
            Some("the site has no trash; set delete = \"force\" for the destination".into())
        }
        _ => None,
    };
    match (advice, body.code.as_str()) {
        (Some(advice), _) => advice,
        (None, "") => String::new(),
        (None, code) => format!("{} ({code})", body.message),
    }
}

/// The payload's fields behind WordPress' parameters: an object with a complaint for each, or a list
/// of names (`rest_missing_callback_param`).
fn fields(params: &Value) -> Vec<String> {
    let names: Vec<&str> = match params {
        Value::Object(complaints) => complaints.keys().map(String::as_str).collect(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let field = |name: &str| match name {
        "content" => "payload.body".to_owned(),
        "date_gmt" => "payload.published_at".to_owned(),
        "featured_media" => "payload.media".to_owned(),
        name => format!("payload.{name}"),
    };
    names.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(status: u16, body: &str) -> Failure {
        let response = Response {
            status,
            headers: Vec::new(),
            body: body.to_owned().into(),
        };
        classify(&response, "reading", Timestamp(0))
    }

    #[test]
    fn a_wrong_password_is_known_behind_a_bad_parameter() {
        let body = r#"{"code":"rest_invalid_param","message":"Invalid parameter(s): status","data":{"status":400,
            "params":{"status":"Status is forbidden."},
            "details":{"status":{"code":"rest_forbidden_status","data":{"status":401}}}}}"#;
        let failure = classified(400, body);
        assert_eq!(failure.reason, Reason::CredentialsRefused);
        assert!(failure.fields.is_empty(), "the payload is not to blame");
        let plain = r#"{"code":"rest_cannot_edit","message":"Sorry.","data":{"status":403}}"#;
        assert_eq!(classified(403, plain).reason, Reason::PermissionDenied);
    }

    #[test]
    fn a_refused_field_is_named_as_the_producer_knows_it() {
        let body = r#"{"code":"rest_invalid_param","message":"Invalid parameter(s): content","data":{"params":{"content":"no"}}}"#;
        let failure = classified(400, body);
        assert_eq!(failure.reason, Reason::InvalidContent);
        assert_eq!(failure.fields, ["payload.body"]);
    }

    #[test]
    fn a_refused_file_type_is_no_server_error() {
        let body =
            r#"{"code":"rest_upload_sideload_error","message":"Sorry.","data":{"status":500}}"#;
        assert_eq!(classified(500, body).reason, Reason::UnsupportedContent);
        assert_eq!(classified(500, "<html>").reason, Reason::ServerError);
    }

    #[test]
    fn a_site_without_the_api_is_a_configuration_fault_and_a_lost_entry_is_not() {
        assert_eq!(classified(404, "<html>").reason, Reason::Misconfigured);
        let gone =
            r#"{"code":"rest_post_invalid_id","message":"Invalid post ID.","data":{"status":404}}"#;
        assert_eq!(classified(404, gone).reason, Reason::Conflict);
        assert!(classified(301, "").message.contains("301"));
    }
}
