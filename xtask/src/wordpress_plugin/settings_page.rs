//! The page under Settings: what it shows of the outbox, and that its buttons do what they say for an administrator who
//! came from the page, and nothing for anybody else.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, header};

use super::receiver::{Mood, SECRET};
use super::stories::kinds;
use super::theatre::Theatre;
use super::trouble::publish;
use crate::parts::http::{Answer, Http};

const PAGE: &str = "/wp-admin/options-general.php?page=slugline";
const BUTTONS: &str = "/wp-admin/admin-post.php";
/// A row that has been refused for eight days, many times.
const OLD: &str = "UPDATE wp_slugline_outbox SET created_at = created_at - 691200, attempts = 50, next_at = 0 \
    WHERE state = 'waiting'";

/// A message that nobody took for a week is dead, shown, and sent again by its button.
///
/// # Errors
/// When it is not.
pub(super) async fn tell(theatre: &Theatre) -> Result<()> {
    let admin = Browser::sign_in(theatre).await.context("the sign-in")?;
    theatre.receiver().await.be(Mood::Leaving);
    let post = publish(theatre, "Refused for a week").await?;
    theatre.site.sql(OLD).await?;
    while theatre.in_state("dead").await? == 0 {
        theatre.site.cron().await?;
    }
    theatre.receiver().await.be(Mood::Good);
    kinds(theatre, post, &[]).await?;
    let page = admin.get(theatre, PAGE).await?;
    ensure!(
        row(&page, "Dead") == Some("1") && row(&page, "Last error") == Some("410 Gone"),
        "{page}"
    );
    ensure!(
        page.contains("1 messages were not taken"),
        "no notice: {page}"
    );
    ensure!(!page.contains(SECRET), "the page shows the secret");
    let forged = admin
        .press(theatre, "slugline_revive", "0123456789")
        .await?;
    ensure!(forged.status == 403, "without a nonce: {forged}");
    let nonce = nonce(&page, "slugline_revive").context("no button")?;
    let pressed = admin.press(theatre, "slugline_revive", nonce).await?;
    ensure!(pressed.status == 302, "{pressed}");
    kinds(theatre, post, &["post.published"]).await?;
    let page = admin.get(theatre, PAGE).await?;
    ensure!(row(&page, "Dead") == Some("0"), "{page}");
    Ok(())
}

/// An administrator's browser.
struct Browser {
    http: Http,
    cookies: String,
}

impl Browser {
    async fn sign_in(theatre: &Theatre) -> Result<Self> {
        let mut browser = Self {
            http: Http::new(),
            cookies: "wordpress_test_cookie=WP%20Cookie%20check".to_owned(),
        };
        let form = "log=admin&pwd=admin-pass&testcookie=1";
        let answer = browser.post(theatre, "/wp-login.php", form).await?;
        let cookies = answer.headers.get_all(header::SET_COOKIE).iter();
        let cookies: Vec<&str> = cookies
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .filter(|cookie| cookie.starts_with("wordpress_"))
            .collect();
        ensure!(cookies.len() > 1, "{answer}");
        browser.cookies = cookies.join("; ");
        Ok(browser)
    }

    async fn get(&self, theatre: &Theatre, path: &str) -> Result<String> {
        let request = Request::get(theatre.site.url(path)).header(header::COOKIE, &self.cookies);
        let answer = self.http.send(request.body(Full::default())?).await?;
        ensure!(answer.status == 200, "{answer}");
        Ok(String::from_utf8(answer.body.to_vec())?)
    }

    async fn press(&self, theatre: &Theatre, action: &str, nonce: &str) -> Result<Answer> {
        let form = format!("action={action}&_wpnonce={nonce}");
        self.post(theatre, BUTTONS, &form).await
    }

    async fn post(&self, theatre: &Theatre, path: &str, form: &str) -> Result<Answer> {
        let request = Request::post(theatre.site.url(path))
            .header(header::COOKIE, &self.cookies)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Full::new(Bytes::from(form.to_owned()));
        self.http.send(request.body(body)?).await
    }
}

/// What the table has beside a name.
fn row<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = page.split_once(&format!("<th scope=\"row\">{name}</th><td>"))?;
    Some(after.split_once("</td>")?.0)
}

/// The nonce in the form of a button.
fn nonce<'a>(page: &'a str, action: &str) -> Option<&'a str> {
    let (_, form) = page.split_once(&format!("name=\"action\" value=\"{action}\""))?;
    let (_, field) = form.split_once("name=\"_wpnonce\" value=\"")?;
    Some(field.split_once('"')?.0)
}
