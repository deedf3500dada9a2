//! Media: stored at once, their sizes made afterwards.
//!
//! Ensures that the same upload twice is two media (`x.png`, `x-1.png`), never a conflict.

use bytes::Bytes;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use slugline_core::canonical::hex;
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use super::query::{Query, body, text};
use super::slugs::sanitize;
use super::{Answered, Asked, FakeWordPress, Medium, answer, invalid_param, refusal, undocumented};

impl FakeWordPress {
    pub(super) fn media_route(&mut self, rest: &[&str], asked: &Asked<'_>) -> Answered {
        let Asked {
            request,
            query,
            signed_in,
            now,
        } = asked;
        match (request.method, rest) {
            (Method::Get, []) => self.list_media(query, *signed_in),
            (Method::Post, []) => Ok(self.upload(request, *signed_in, *now)),
            (Method::Post, [id]) => self.change_medium(id, request, *signed_in),
            (Method::Post, [id, "post-process"]) => self.finish_medium(id, request, *signed_in),
            (Method::Delete, [id]) => self.delete_medium(id, query, *signed_in),
            _ => Err(undocumented(request)),
        }
    }

    fn list_media(&self, query: &Query, signed_in: bool) -> Answered {
        query.only(&["slug", "context", "orderby", "order", "per_page"])?;
        if query.is("context", "edit") && !signed_in {
            let message = "Sorry, you are not allowed to edit posts in this post type.";
            return Ok(refusal(401, "rest_forbidden_context", message));
        }
        let slugs = query.list("slug");
        let found = self.media.values().filter(|medium| {
            slugs
                .as_ref()
                .is_none_or(|slugs| slugs.contains(&medium.slug.as_str()))
        });
        Ok(answer(
            200,
            &found
                .map(|medium| medium.json(&self.url))
                .collect::<Value>(),
        ))
    }

    /// The body is the file, its name is in Content-Disposition, its MD5 in hex in Content-MD5
    /// (attachments controller, upload_from_data).
    fn upload(&mut self, request: &Request, signed_in: bool, now: Timestamp) -> Response {
        if !signed_in {
            return refusal(
                401,
                "rest_cannot_create",
                "Sorry, you are not allowed to create posts as this user.",
            );
        }
        let header = |name: &str| {
            request
                .headers
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        if request.body.is_empty() {
            return refusal(400, "rest_upload_no_data", "No data supplied.");
        }
        if header("content-md5").is_some_and(|sent| sent != hex(&Md5::digest(&request.body))) {
            return refusal(
                412,
                "rest_upload_hash_mismatch",
                "Content hash did not match expected.",
            );
        }
        let Some(content_type) = header("content-type") else {
            return refusal(
                400,
                "rest_upload_no_content_type",
                "No Content-Type supplied.",
            );
        };
        let Some(disposition) = header("content-disposition") else {
            return refusal(
                400,
                "rest_upload_no_content_disposition",
                "No Content-Disposition supplied.",
            );
        };
        let Some(filename) = disposition
            .split("filename=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
        else {
            return refusal(
                400,
                "rest_upload_invalid_disposition",
                "Invalid Content-Disposition supplied.",
            );
        };
        // A type that the site does not take is a 500 (6.1.9).
        if filename.ends_with(".svg") {
            return refusal(
                500,
                "rest_upload_sideload_error",
                "Sorry, you are not allowed to upload this file type.",
            );
        }
        self.store_medium(filename, content_type, request.body.clone(), now)
    }

    fn store_medium(
        &mut self,
        filename: &str,
        content_type: String,
        bytes: Bytes,
        now: Timestamp,
    ) -> Response {
        let month: String = now.to_string().chars().take(7).collect();
        let folder = format!("/wp-content/uploads/{}", month.replace('-', "/"));
        let (stem, extension) = filename.rsplit_once('.').unwrap_or((filename, "bin"));
        let path_of = |stem: &str| format!("{folder}/{stem}.{extension}");
        let is_free = |stem: &String| !self.media.values().any(|other| other.path == path_of(stem));
        let numbered = (1_u32..).map(|number| format!("{stem}-{number}"));
        let Some(stem) = std::iter::once(stem.to_owned())
            .chain(numbered)
            .find(is_free)
        else {
            return refusal(500, "rest_upload_unknown_error", "no free file name");
        };
        let (slug, path) = (
            self.unique_slug(&sanitize(&stem), "attachment", 0),
            path_of(&stem),
        );
        let medium = Medium {
            id: self.next_id(),
            slug,
            path,
            content_type,
            bytes,
            alt_text: String::new(),
            missing_sizes: Vec::new(),
        };
        let response = answer(201, &medium.json(&self.url));
        self.media.insert(medium.id, medium);
        response
    }

    fn change_medium(&mut self, id: &str, request: &Request, signed_in: bool) -> Answered {
        let url = self.url.clone();
        let medium = match self.medium(id, signed_in, "rest_cannot_edit") {
            Ok(medium) => medium,
            Err(refusal) => return Ok(refusal),
        };
        match body(request, &["alt_text"])?.and_then(|members| text(&members, "alt_text")) {
            Ok(alt_text) => medium.alt_text = alt_text.unwrap_or(medium.alt_text.clone()),
            Err(refusal) => return Ok(refusal),
        }
        Ok(answer(200, &medium.json(&url)))
    }

    /// Makes the sizes that a dying server left out (attachments controller, post_process_item).
    fn finish_medium(&mut self, id: &str, request: &Request, signed_in: bool) -> Answered {
        let url = self.url.clone();
        let medium = match self.medium(id, signed_in, "rest_cannot_edit") {
            Ok(medium) => medium,
            Err(refusal) => return Ok(refusal),
        };
        let action = body(request, &["action"])?.and_then(|members| text(&members, "action"));
        if action
            .as_ref()
            .is_ok_and(|action| action.as_deref() != Some("create-image-subsizes"))
        {
            return Ok(invalid_param(
                "action",
                "action is not one of create-image-subsizes.",
            ));
        }
        medium.missing_sizes.clear();
        Ok(answer(200, &medium.json(&url)))
    }

    /// Media have no trash (attachments controller).
    fn delete_medium(&mut self, id: &str, query: &Query, signed_in: bool) -> Answered {
        query.only(&["force"])?;
        let url = self.url.clone();
        let previous = match self.medium(id, signed_in, "rest_cannot_delete") {
            Ok(medium) => medium.json(&url),
            Err(refusal) => return Ok(refusal),
        };
        if !query.is("force", "true") {
            let message = "The post does not support trashing. Set 'force=true' to delete.";
            return Ok(refusal(501, "rest_trash_not_supported", message));
        }
        self.media.retain(|known, _| previous["id"] != *known);
        Ok(answer(
            200,
            &json!({ "deleted": true, "previous": previous }),
        ))
    }

    fn medium(&mut self, id: &str, signed_in: bool, code: &str) -> Result<&mut Medium, Response> {
        let medium = id.parse().ok().and_then(|id: u64| self.media.get_mut(&id));
        let medium =
            medium.ok_or_else(|| refusal(404, "rest_post_invalid_id", "Invalid post ID."))?;
        if signed_in {
            Ok(medium)
        } else {
            Err(refusal(401, code, "Sorry, you are not allowed to do that."))
        }
    }
}

impl Medium {
    fn json(&self, url: &str) -> Value {
        json!({
            "id": self.id, "slug": self.slug, "status": "inherit", "type": "attachment",
            "alt_text": self.alt_text, "mime_type": self.content_type,
            "source_url": format!("{url}{}", self.path),
            "missing_image_sizes": self.missing_sizes, "media_details": {},
        })
    }
}
