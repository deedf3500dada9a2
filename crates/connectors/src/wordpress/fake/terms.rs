//! Categories and tags.
//!
//! Ensures that a name that exists is refused with its id, in whatever case it is asked for.

use serde_json::{Value, json};
use slugline_core::http::{Method, Request, Response};

use super::query::{Query, body, text};
use super::{Answered, Asked, FakeWordPress, Term, answer, refusal, undocumented};

/// Characters; longer names fail in the database (6.1.9).
const MAX_NAME: usize = 200;

impl FakeWordPress {
    pub(super) fn term_route(&mut self, vocabulary: &'static str, asked: &Asked<'_>) -> Answered {
        match asked.request.method {
            Method::Get => self.find_terms(vocabulary, &asked.query),
            Method::Post => self.create_term(vocabulary, asked.request, asked.signed_in),
            _ => Err(undocumented(asked.request)),
        }
    }

    /// The search is over stored names, without case: `R&D` finds nothing, `R&amp;D` does. Anybody
    /// may ask (6.1.9).
    fn find_terms(&self, vocabulary: &str, query: &Query) -> Answered {
        query.only(&["search", "per_page"])?;
        let wanted = query.get("search").unwrap_or_default().to_lowercase();
        let found = self.terms.values().filter(|term| {
            term.vocabulary == vocabulary && term.name.to_lowercase().contains(&wanted)
        });
        let limit = query
            .get("per_page")
            .and_then(|text| text.parse().ok())
            .unwrap_or(10);
        Ok(answer(
            200,
            &found.take(limit).map(Term::json).collect::<Value>(),
        ))
    }

    fn create_term(
        &mut self,
        vocabulary: &'static str,
        request: &Request,
        signed_in: bool,
    ) -> Answered {
        if !signed_in {
            let message = "Sorry, you are not allowed to create terms in this taxonomy.";
            return Ok(refusal(401, "rest_cannot_create", message));
        }
        let name = match body(request, &["name"])?.and_then(|members| text(&members, "name")) {
            Ok(name) => stored_name(&name.unwrap_or_default()),
            Err(refusal) => return Ok(refusal),
        };
        Ok(self.insert_term(vocabulary, name))
    }

    fn insert_term(&mut self, vocabulary: &'static str, name: String) -> Response {
        // Both wear a 500 and neither passes by itself; `data` is no object (6.1.9).
        if name.is_empty() {
            return answer(
                500,
                &json!({ "code": "empty_term_name", "message": "A name is required for this term.", "data": null }),
            );
        }
        if name.chars().count() > MAX_NAME {
            let message = "Could not insert term into the database.";
            return answer(
                500,
                &json!({ "code": "db_insert_error", "message": message, "data": "WordPress database error" }),
            );
        }
        let same = |term: &&Term| {
            term.vocabulary == vocabulary && term.name.to_lowercase() == name.to_lowercase()
        };
        if let Some(term) = self.terms.values().find(same) {
            let message = "A term with the name provided already exists with this parent.";
            return answer(
                400,
                &json!({ "code": "term_exists", "message": message, "data": { "status": 400, "term_id": term.id } }),
            );
        }
        let term = Term {
            id: self.next_id(),
            vocabulary,
            name,
        };
        let response = answer(201, &term.json());
        self.terms.insert(term.id, term);
        response
    }
}

impl Term {
    fn json(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "taxonomy": self.vocabulary })
    }
}

/// Tags stripped, spaces collapsed, `&`, `<` and `>` escaped; what is escaped already stays (6.1.9).
fn stored_name(name: &str) -> String {
    let mut plain = String::new();
    let mut inside_tag = false;
    for c in name.chars() {
        match c {
            '<' => inside_tag = true,
            '>' if inside_tag => inside_tag = false,
            c if !inside_tag => plain.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words
        .join(" ")
        .replace("&amp;", "&")
        .replace('&', "&amp;")
        .replace('>', "&gt;")
}
