//! A WordPress with our plugin switched on, as its editor, its cron and its database. Ensures that the plugin under test is the
//! file of this repository, switched on by WordPress itself.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::{Value, json};

use super::http::Http;
use super::rest::Rest;
use super::wordpress::WordPress;

const PLUGIN: &str = include_str!("../../../plugins/wordpress/slugline.php");
/// Where REST has the plugin.
const ITS_PATH: &str = "/wp/v2/plugins/slugline/slugline";
const TEST_PLUGIN: &str = include_str!("test-plugin.php");

/// A site whose plugin tells the receiver.
#[derive(Debug)]
pub(crate) struct Site {
    wordpress: WordPress,
    admin: Rest,
    editor: Rest,
    http: Http,
}

impl Site {
    /// Puts the plugin into the site and switches it on.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn with_plugin(
        wordpress: WordPress,
        receiver: &str,
        secret: &str,
    ) -> Result<Self> {
        let content = wordpress.files().join("wp-content");
        write(&content.join("plugins/slugline/slugline.php"), PLUGIN)?;
        let settings = TEST_PLUGIN
            .replace("ADDRESS", receiver)
            .replace("SIGNING_KEY", secret);
        write(&content.join("mu-plugins/test-plugin.php"), &settings)?;
        let admin = Rest::wordpress(wordpress.address, "admin", &wordpress.passwords.admin);
        admin
            .send(Method::POST, ITS_PATH, &json!({ "status": "active" }))
            .await
            .context("cannot switch the plugin on")?;
        let passwords = &wordpress.passwords;
        let editor = Rest::wordpress(wordpress.address, "publisher", &passwords.publisher);
        Ok(Self {
            wordpress,
            admin,
            editor,
            http: Http::new(),
        })
    }

    /// Makes an entry; its number.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn create(&self, collection: &str, entry: &Value) -> Result<u64> {
        let path = format!("/wp/v2/{collection}");
        let made = self.editor.send(Method::POST, &path, entry).await?;
        made["id"].as_u64().with_context(|| format!("{made}"))
    }

    /// Changes an entry.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn change(&self, collection: &str, id: u64, entry: &Value) -> Result<()> {
        let path = format!("/wp/v2/{collection}/{id}");
        self.editor.send(Method::POST, &path, entry).await?;
        Ok(())
    }

    /// What REST shows of an entry.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn read(&self, collection: &str, id: u64) -> Result<Value> {
        let path = format!("/wp/v2/{collection}/{id}");
        self.editor.send(Method::GET, &path, &json!({})).await
    }

    /// Puts a post into the trash, or removes it for good.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn remove(&self, id: u64, for_good: bool) -> Result<()> {
        let path = format!("/wp/v2/posts/{id}?force={for_good}");
        self.editor.send(Method::DELETE, &path, &json!({})).await?;
        Ok(())
    }

    /// Removes a medium or a term for good.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn remove_from(&self, collection: &str, id: u64) -> Result<()> {
        let path = format!("/wp/v2/{collection}/{id}?force=true");
        self.admin.send(Method::DELETE, &path, &json!({})).await?;
        Ok(())
    }

    /// Uploads a picture; its number.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn upload(&self, name: &str, file: Vec<u8>) -> Result<u64> {
        let made = self.editor.upload(name, file).await?;
        made["id"].as_u64().with_context(|| format!("{made}"))
    }

    /// Switches the plugin off and deletes it, as its list does.
    ///
    /// # Errors
    /// When WordPress refuses it.
    pub(crate) async fn uninstall(&self) -> Result<()> {
        let off = json!({ "status": "inactive" });
        self.admin.send(Method::POST, ITS_PATH, &off).await?;
        self.admin
            .send(Method::DELETE, ITS_PATH, &json!({}))
            .await?;
        Ok(())
    }

    /// What a visitor or a timer does: runs what WP-Cron has due.
    ///
    /// # Errors
    /// When WordPress does not answer.
    pub(crate) async fn cron(&self) -> Result<()> {
        let url = format!("http://{}/wp-cron.php", self.wordpress.address);
        let answer = self.http.get(&url).await?;
        ensure!(answer.status == 200, "wp-cron.php: {answer}");
        Ok(())
    }

    /// Asks the database.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn sql(&self, sql: &str) -> Result<String> {
        let sql = format!("USE wp; {sql}");
        Ok(self.wordpress.database().sql(&sql).await?.trim().to_owned())
    }

    /// The folder of the site's files.
    pub(crate) fn files(&self) -> &Path {
        self.wordpress.files()
    }

    /// The site's address with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.wordpress.address)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
