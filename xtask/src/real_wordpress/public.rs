//! What anybody can see of the site, without credentials: the lists of posts and pages, and the pages themselves.
//! Ensures that the site is asked itself, and not through the proxy.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use http_body_util::Full;
use hyper::{Request, header};

use super::plan::{Ending, Item};
use crate::parts::http::{Answer, Http};
use crate::parts::wordpress::WordPress;

/// WordPress' own limit for a page of a list.
const PAGE: usize = 100;
/// Every so many live items one has its page rendered, which takes a tenth of a second; all are in the lists.
const LIVE_PAGE_EVERY: usize = 10;

/// The ids that an anonymous visitor is shown in the lists of posts and pages.
///
/// # Errors
/// When WordPress does not answer as expected.
pub(crate) async fn public_ids(site: &WordPress, http: &Http) -> Result<BTreeSet<u64>> {
    let mut ids = BTreeSet::new();
    for collection in ["posts", "pages"] {
        for page in 1.. {
            let path = format!(
                "/wp-json/wp/v2/{collection}?per_page={PAGE}&page={page}&orderby=id&order=asc&_fields=id"
            );
            let answer = visit(site, http, &path).await?;
            // Behind the last page WordPress answers 400 rest_post_invalid_page_number.
            if page > 1 && answer.status == 400 {
                break;
            }
            ensure!(answer.status == 200, "the list of {collection}: {answer}");
            let listed = answer.json()?;
            let listed = listed.as_array().context("no list")?;
            ids.extend(listed.iter().filter_map(|entry| entry["id"].as_u64()));
        }
    }
    Ok(ids)
}

/// What is wrong with the pages at the items' addresses: those of live items must show them, others must not.
///
/// # Errors
/// When WordPress does not answer.
pub(crate) async fn wrong_pages(
    site: &WordPress,
    http: &Http,
    plan: &[Item],
) -> Result<Vec<String>> {
    let (live, others): (Vec<&Item>, Vec<&Item>) = plan
        .iter()
        .filter(|item| item.ending() != Ending::SlugTaken)
        .partition(|item| matches!(item.ending(), Ending::Live(_)));
    let mut wrong = Vec::new();
    for item in live.into_iter().step_by(LIVE_PAGE_EVERY).chain(others) {
        let path = format!("/{}/", item.slug());
        let page = visit(site, http, &path).await?;
        let shows =
            page.status == 200 && String::from_utf8_lossy(&page.body).contains(&item.content_id());
        if shows != matches!(item.ending(), Ending::Live(_)) {
            let id = item.content_id();
            wrong.push(format!(
                "{id}: must end as {:?}, but {path} answers {}",
                item.ending(),
                page.status
            ));
        }
    }
    Ok(wrong)
}

/// Asks WordPress itself, under the name that it goes by in public: under another it would redirect.
async fn visit(site: &WordPress, http: &Http, path: &str) -> Result<Answer> {
    let url = format!("http://{}{path}", site.address);
    http.send(
        Request::get(url)
            .header(header::HOST, &site.public_name)
            .body(Full::default())?,
    )
    .await
}
