//! One page, looked at from all sides. Ensures that nothing is wider than a phone, that every ink can be read on its
//! ground (WCAG AA), that the browser has nothing to complain of, and that the page says the same without JavaScript.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::browser::Browser;
use super::pages::Page;
use super::stage::Stage;

/// Name, width, height, dark.
type View = (&'static str, u32, u32, bool);
const VIEWS: [View; 3] = [
    ("light", 1280, 800, false),
    ("dark", 1280, 800, true),
    ("phone", 320, 640, false),
];

/// Of 100: text stays sharp, and a page has some 40 KB.
const QUALITY: u32 = 45;
/// A folder for the same pictures as PNG, for tools that read no WebP.
const PNG: &str = "SLUGLINE_PNG";

/// Inks that cannot be read on their grounds: WCAG 2.2, 1.4.3. Large text may have less, and is held to the same.
const CONTRAST: &str = r#"
const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
const pen = canvas.getContext('2d', { willReadFrequently: true });
const over = (colors) => { pen.clearRect(0, 0, 1, 1);
  for (const color of colors) { pen.fillStyle = color; pen.fillRect(0, 0, 1, 1); }
  return Array.from(pen.getImageData(0, 0, 1, 1).data).slice(0, 3); };
const light = (rgb) => { const [r, g, b] = rgb.map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const grounds = (one) => { const all = []; for (let at = one; at; at = at.parentElement) all.unshift(getComputedStyle(at).backgroundColor); return all; };
const bad = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), one = walker.currentNode.parentElement;
  if (!text || one.closest('.hidden, .skip, script, title, option') || !one.checkVisibility()) continue;
  const ground = grounds(one), ink = getComputedStyle(one).color;
  const [a, b] = [light(over([...ground, ink])), light(over(ground))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) bad.add(`${ratio.toFixed(2)}: ${text.slice(0, 40)} (${one.tagName}.${one.className})`);
}
return Array.from(bad);
"#;

/// What a page must have for those who do not see it.
const STRUCTURE: &str = r#"
const bad = [];
const one = (what, selector, count) => { const n = document.querySelectorAll(selector).length; if (n !== count) bad.push(`${n} ${what}, not ${count}`); };
one('main', 'main', 1); one('h1', 'h1', 1); one('nav of the console', 'nav[aria-label=Console]', 1); one('skip link', 'a.skip[href="\#main"]', 1);
document.querySelectorAll('table').forEach((t) => { if (!t.querySelector('caption')) bad.push('a table without a caption'); });
document.querySelectorAll('input:not([type=hidden]), select, textarea').forEach((i) => { if (i.labels.length === 0 && !i.ariaLabel) bad.push(`${i.name} has no label`); });
document.querySelectorAll('svg[role=img]').forEach((s) => { if (!s.getAttribute('aria-label')) bad.push('a plot without a text'); });
document.querySelectorAll('form[method=post]').forEach((f) => { if (!f.querySelector('input[name=csrf]')) bad.push('a form without its mark'); });
document.querySelectorAll('[style], style, script:not([src])').forEach((e) => bad.push(`inline: ${e.outerHTML.slice(0, 60)}`));
const ids = Array.from(document.querySelectorAll('[id]'), (e) => e.id); ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => bad.push(`the id ${id} twice`));
let last = 1; document.querySelectorAll('h1, h2, h3').forEach((h) => { const level = +h.tagName[1]; if (level > last + 1) bad.push(`${h.tagName} after h${last}`); last = level; });
return bad;
"#;

/// Looks at a page; adds what is wrong.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn at(
    browser: &Browser,
    stage: &Stage,
    page: &Page,
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    browser.complaints().await?;
    for view in VIEWS {
        set(browser, view.1, view.2, view.3).await?;
        browser.go(&stage.at(&page.path)).await?;
        let status = browser
            .script("return performance.getEntriesByType('navigation')[0].responseStatus")
            .await?;
        if status != 200 {
            wrong.push(format!("{}: status {status}", page.name));
        }
        from(browser, view, page.name, wrong, pictures).await?;
    }
    without_script(browser, stage, page, wrong).await
}

/// Looks at the page that is open, which only a form leads to; adds what is wrong.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn open(
    browser: &Browser,
    name: &str,
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    for view in VIEWS {
        set(browser, view.1, view.2, view.3).await?;
        from(browser, view, name, wrong, pictures).await?;
    }
    let (_, width, height, dark) = VIEWS[0];
    set(browser, width, height, dark).await
}

/// Looks at the page that is open from one side.
async fn from(
    browser: &Browser,
    (view, width, ..): View,
    page: &str,
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    let mut note = |what: String| wrong.push(format!("{page} ({view}): {what}"));
    let wide = browser
        .script("return document.documentElement.scrollWidth")
        .await?;
    if wide.as_u64().unwrap_or(u64::MAX) > u64::from(width) {
        note(format!("is {wide} wide where there are {width}"));
    }
    flaws(browser).await?.into_iter().for_each(&mut note);
    browser.complaints().await?.into_iter().for_each(&mut note);
    if let Some(folder) = pictures {
        take(browser, folder, &format!("{page}-{view}")).await?;
    }
    Ok(())
}

/// What the page that is open lacks for those who do not see it, and what cannot be read on it.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn flaws(browser: &Browser) -> Result<Vec<String>> {
    let mut flaws = Vec::new();
    for check in [STRUCTURE, CONTRAST] {
        let found = browser.script(&check.replace("\\#", "#")).await?;
        let found = found.as_array().into_iter().flatten();
        flaws.extend(found.map(|what| what.to_string()));
    }
    Ok(flaws)
}

/// The pages that stand alone: what is shown in place of one that is not there, and the one before one is signed in.
///
/// # Errors
/// When the browser does not answer.
pub(crate) async fn alone(
    browser: &Browser,
    stage: &Stage,
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    one_alone(browser, stage, ("trouble", NOWHERE), wrong, pictures).await?;
    browser
        .chrome("Network.clearBrowserCookies", json!({}))
        .await?;
    one_alone(browser, stage, ("sign-in", "/sign-in"), wrong, pictures).await
}

/// A publish that there is not, and what the browser says of it.
const NOWHERE: &str = "/publishes/nobody";
const NOT_FOUND: &str = "status of 404";

async fn one_alone(
    browser: &Browser,
    stage: &Stage,
    (page, path): (&str, &str),
    wrong: &mut Vec<String>,
    pictures: Option<&Path>,
) -> Result<()> {
    browser.complaints().await?;
    for (view, width, height, dark) in VIEWS {
        set(browser, width, height, dark).await?;
        browser.go(&stage.at(path)).await?;
        let found = browser.script(CONTRAST).await?;
        let found = found.as_array().into_iter().flatten();
        let found: Vec<String> = found.map(|what| what.to_string()).collect();
        let mut said = browser.complaints().await?;
        said.retain(|what| path != NOWHERE || !what.contains(NOT_FOUND));
        found
            .into_iter()
            .chain(said)
            .for_each(|what| wrong.push(format!("{page} ({view}): {what}")));
        if let Some(folder) = pictures {
            take(browser, folder, &format!("{page}-{view}")).await?;
        }
    }
    Ok(())
}

/// A page as wide as this, light or dark, without movement.
pub(crate) async fn set(browser: &Browser, width: u32, height: u32, dark: bool) -> Result<()> {
    let scheme = if dark { "dark" } else { "light" };
    let size =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
    browser
        .chrome("Emulation.setDeviceMetricsOverride", size)
        .await?;
    let features = json!([{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }]);
    browser
        .chrome(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await?;
    Ok(())
}

async fn without_script(
    browser: &Browser,
    stage: &Stage,
    page: &Page,
    wrong: &mut Vec<String>,
) -> Result<()> {
    set(browser, 1280, 800, false).await?;
    switch(browser, false).await?;
    browser.go(&stage.at(&page.path)).await?;
    let text = browser.text("main").await?;
    if !text.contains(page.says) {
        wrong.push(format!(
            "{} (no script): does not say {:?}",
            page.name, page.says
        ));
    }
    switch(browser, true).await
}

/// Switches JavaScript of pages on or off.
pub(crate) async fn switch(browser: &Browser, on: bool) -> Result<()> {
    browser
        .chrome(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !on }),
        )
        .await?;
    Ok(())
}

/// A picture of the page's upper part, for people and for the documentation: as WebP it is a tenth of a PNG.
async fn take(browser: &Browser, folder: &Path, name: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let tall = browser
        .script("return Math.min(document.documentElement.scrollHeight, 1200)")
        .await?;
    let wide = browser.script("return innerWidth").await?;
    let clip = json!({ "x": 0, "y": 0, "width": wide, "height": tall, "scale": 1 });
    let shot = json!({ "format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": true });
    std::fs::write(
        folder.join(format!("{name}.webp")),
        browser.picture(shot).await?,
    )?;
    if let Some(folder) = std::env::var_os(PNG) {
        let shot = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        std::fs::write(
            Path::new(&folder).join(format!("{name}.png")),
            browser.picture(shot).await?,
        )?;
    }
    Ok(())
}
