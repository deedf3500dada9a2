//! Listing all that a site has, a page at a time.
//!
//! Ensures that drafts, private entries and the trash are listed as well as what the public sees, each
//! with the fingerprint that an observation of it has, so that what is as it should be costs no request
//! of its own. Types other than posts and pages, and statuses that plugins add, are left out.

use serde::de::DeserializeOwned;
use slugline_core::connector::{Listed, Listing};
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Response};
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::entry::{Entry, EntryRef, Kind};
use super::site::{Site, answer, exchange};

/// Entries of a page: as many as WordPress gives.
const PAGE: &str = "100";
/// `any` would leave out the trash.
const STATUSES: &str = "publish,future,draft,pending,private,trash";
/// What a fingerprint is made of: rendered forms are left out, which spares WordPress most of the work.
const FIELDS: &str = "id,slug,status,link,date_gmt,title.raw,content.raw,excerpt.raw,author,featured_media,categories,tags";
/// The header that says how many pages there are.
const PAGES: &str = "x-wp-totalpages";

/// Where a listing is: a kind's page, from 1.
#[derive(Clone, Copy)]
struct Place {
    kind: Kind,
    page: u32,
}

impl Place {
    const START: Self = Self {
        kind: Kind::Post,
        page: 1,
    };

    fn parse(cursor: &str) -> Result<Self, Failure> {
        let place = cursor.split_once('/').and_then(|(kind, page)| {
            Some(Self {
                kind: Kind::named(kind)?,
                page: page.parse().ok()?,
            })
        });
        let wrong = || {
            let advice = format!("{cursor:?} is no place in a listing such as post/2");
            Failure::new(Reason::LocalStorage, advice)
        };
        place.ok_or_else(wrong)
    }

    fn after(self, pages: u32) -> Option<String> {
        let next = match self.kind {
            kind if self.page < pages => Self {
                kind,
                page: self.page + 1,
            },
            Kind::Post => Self {
                kind: Kind::Page,
                page: 1,
            },
            Kind::Page => return None,
        };
        Some(format!("{}/{}", next.kind.name(), next.page))
    }
}

/// The page that a cursor leads to.
pub(in crate::wordpress) async fn list(
    site: &Site,
    cursor: Option<&str>,
    port: &dyn Port,
) -> Result<Listing, Failure> {
    let place = cursor.map_or(Ok(Place::START), Place::parse)?;
    let page = place.page.to_string();
    // By id, because what is written meanwhile comes at the end then and shifts nothing.
    let query = [
        ("status", STATUSES),
        ("context", "edit"),
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", PAGE),
        ("page", &page),
        ("_fields", FIELDS),
    ];
    let route = place.kind.route();
    let what = format!("listing {route}");
    let request = site.request(Method::Get, route, &query);
    let response = exchange(port, request, &what).await?;
    if is_past_the_end(&response, place) {
        let next = place.after(0);
        return Ok(Listing {
            entries: Vec::new(),
            next,
        });
    }
    let entries: Vec<Entry> = read(port, &response, &what)?;
    let next = place.after(pages(&response, &what)?);
    let entries = entries.iter().map(|entry| Listed {
        name: EntryRef {
            kind: place.kind,
            id: entry.id,
        }
        .to_string(),
        fingerprint: Some(entry.fingerprint()),
    });
    Ok(Listing {
        entries: entries.collect(),
        next,
    })
}

fn read<T: DeserializeOwned>(
    port: &dyn Port,
    response: &Response,
    what: &str,
) -> Result<T, Failure> {
    answer(port, response, false, what)
}

/// A page that was there a moment ago is refused once what was on it is gone.
fn is_past_the_end(response: &Response, place: Place) -> bool {
    let code = b"rest_post_invalid_page_number";
    let says_so = response.body.windows(code.len()).any(|part| part == code);
    response.status == 400 && place.page > 1 && says_so
}

/// Pages in all. Without it nobody knows where the listing ends: a short page may only have entries
/// that our account may not read.
fn pages(response: &Response, what: &str) -> Result<u32, Failure> {
    let pages = response.header(PAGES).and_then(|pages| pages.parse().ok());
    let advice = format!("{what}: the answer has no {PAGES}; something between removes it");
    pages.ok_or_else(|| Failure::new(Reason::UnexpectedAnswer, advice))
}
