//! A page that a bad version broke, and the one click that brings it back: as a person does it, in the console.
//! Ensures that WordPress shows the bad version before and the good one after, read back and verified, that the bad
//! one is `rolled_back`, and that its late repeat changes nothing. What WordPress holds in the end is the plan's
//! again, which `check` compares field by field.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, header};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::client::Client;
use super::configuration::TOKEN;
use super::plan::{Item, Step, Story};
use super::site::Holdings;
use super::stories::is_settled;
use crate::parts::http::{Answer, Http};
use crate::parts::wordpress::WordPress;

/// A version above all that the stories use.
const BAD: u32 = 9;
/// What the template that broke left in the page.
const BROKEN: &str = "<p>{{ undefined }}</p>";

/// Whoever looks at the pages.
struct Person {
    http: Http,
    server: String,
    cookie: String,
}

/// Publishes a bad version of one of the items, rolls it back, and repeats it late. `medium`: the picture of the
/// version before.
///
/// # Errors
/// When anything is otherwise than it must be, or does not come by the deadline.
pub(super) async fn tell(
    client: &Client,
    server: &str,
    site: &WordPress,
    (item, medium): (&Item, &Value),
    deadline: Instant,
) -> Result<()> {
    let bad = bad_request(item, medium)?;
    let key = format!("{}-bad", item.content_id());
    client.publish(&key, &bad).await?;
    client.publish_until(&key, is_settled).await?;
    let shown = body_of(site, item).await?;
    ensure!(
        shown.contains(BROKEN),
        "the bad version is not there: {shown}"
    );

    let person = Person::signed_in(server).await?;
    timeout_at(deadline, person.click_roll_back(item)).await??;
    let ended = client.publish_until(&key, |publish| state(publish) == "rolled_back");
    ended.await?;
    let place = client.content(&item.content_id()).await?["items"][0]["destinations"][0].clone();
    ensure!(
        place["job"]["state"] == "live" && place["job"]["evidence"] == "read_back",
        "it was not read back: {place}"
    );
    is_good(site, item).await?;

    let late = format!("{key}-late");
    let answer = client.publish(&late, &bad).await?.json()?;
    ensure!(
        answer["status"] == "duplicate" && answer["jobs"].as_array().is_none_or(Vec::is_empty),
        "a late repeat of the bad version did something: {answer}"
    );
    is_good(site, item).await?;
    println!(
        "  {} was broken, and rolled back in one click",
        item.content_id()
    );
    Ok(())
}

/// The item that is broken: one with an older version too, so that the right one must come back.
pub(super) fn chosen(items: &[Item]) -> Option<&Item> {
    items.iter().find(|item| item.story == Story::Updated)
}

/// The version of it that is good.
pub(super) fn good(item: &Item) -> Option<Step> {
    item.steps().into_iter().max_by_key(|step| step.version)
}

/// The good version with another text, under another number.
fn bad_request(item: &Item, medium: &Value) -> Result<Value> {
    let good = good(item).context("no version")?;
    let mut request = item.request(&good, medium);
    request["version"] = json!(BAD);
    request["payload"]["title"] = json!(item.title(BAD));
    request["payload"]["body"] = json!(BROKEN);
    Ok(request)
}

fn state(publish: &Value) -> &str {
    publish["jobs"][0]["state"].as_str().unwrap_or_default()
}

async fn body_of(site: &WordPress, item: &Item) -> Result<String> {
    let holdings = Holdings::of(site).await?;
    let mut own = holdings.entries.into_iter();
    let found = own.find(|entry| entry.slug == item.slug() && entry.status == "publish");
    Ok(found.context("the item is not public")?.body)
}

async fn is_good(site: &WordPress, item: &Item) -> Result<()> {
    let (shown, good) = (
        body_of(site, item).await?,
        good(item).context("no version")?,
    );
    ensure!(
        shown == item.body(good.version),
        "the good version is not back: {shown}"
    );
    Ok(())
}

impl Person {
    async fn signed_in(server: &str) -> Result<Self> {
        let mut person = Self {
            http: Http::new(),
            server: server.to_owned(),
            cookie: String::new(),
        };
        let answer = person.send("/sign-in", &format!("token={TOKEN}")).await?;
        let cookie = answer.headers.get(header::SET_COOKIE);
        let cookie = cookie.with_context(|| format!("not signed in: {answer}"))?;
        let (pair, _) = cookie.to_str()?.split_once(';').unwrap_or_default();
        person.cookie = pair.to_owned();
        Ok(person)
    }

    /// Sends the first of the forms that the item's page has for going back, as it stands there.
    async fn click_roll_back(&self, item: &Item) -> Result<()> {
        let url = format!("{}/content/{}", self.server, item.content_id());
        let request = Request::get(url).header(header::COOKIE, &self.cookie);
        let page = self.http.send(request.body(Full::default())?).await?;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let form = first_form(&page, "/content-rollback").context("the page has no such button")?;
        let answer = self.send("/content-rollback", &form).await?;
        ensure!(
            answer.status == 303 && location(&answer).contains("rolling_back"),
            "the click was answered {answer} {}",
            location(&answer)
        );
        Ok(())
    }

    async fn send(&self, path: &str, fields: &str) -> Result<Answer> {
        let request = Request::post(format!("{}{path}", self.server))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, &self.server)
            .header(header::COOKIE, &self.cookie);
        let body = Bytes::from(fields.to_owned());
        self.http.send(request.body(Full::new(body))?).await
    }
}

fn location(answer: &Answer) -> &str {
    let location = answer.headers.get(header::LOCATION);
    location.and_then(|to| to.to_str().ok()).unwrap_or_default()
}

/// What the first form with this action sends. Its values need no encoding: ids, numbers, hex digits.
fn first_form(page: &str, action: &str) -> Option<String> {
    let (_, form) = page.split_once(&format!("action=\"{action}\""))?;
    let (form, _) = form.split_once("</form>")?;
    let field = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"")?;
        let (value, _) = rest.split_once('"')?;
        Some(format!("{name}={value}"))
    };
    let fields: Vec<String> = form.split("name=\"").skip(1).filter_map(field).collect();
    Some(fields.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_sent_as_it_stands() {
        let page = r#"<form action="/x"></form><form method="post" action="/content-rollback"><input type="hidden" name="csrf" value="a1"><input type="hidden" name="to" value="2"><button>Go</button></form><form action="/content-rollback"><input name="to" value="1"></form>"#;
        assert_eq!(
            first_form(page, "/content-rollback").unwrap(),
            "csrf=a1&to=2"
        );
        assert_eq!(first_form(page, "/y"), None);
    }
}
