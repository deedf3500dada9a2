//! Where the store's files are, and what a power cut leaves of them.
//!
//! Ensures that what the store answered for is in the files that are opened again, and that of what it
//! was writing each sector is kept, lost or torn as the dice say.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aho_corasick::AhoCorasick;
use futures_executor::block_on;
use slugline_engine::store::Store;
use slugline_parts::scratch;
use slugline_store::sqlite::SqliteStore;

use crate::clock::JumpingClock;
use crate::dice::Dice;
use crate::hold;

/// What disks write whole.
const SECTOR: usize = 512;
/// Every run's installation has the same name.
const INSTALLATION: [u8; 16] = [7; 16];
const FILES: [&str; 2] = ["slugline.db", "slugline.db-wal"];

/// What the database's files held at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image([Vec<u8>; 2]);

/// See the module.
pub(crate) struct Vault {
    root: tempfile::TempDir,
    openings: AtomicU32,
    clock: Arc<JumpingClock>,
    open: Mutex<Option<Arc<SqliteStore>>>,
}

impl Vault {
    /// A vault with a new store.
    pub(crate) fn new(clock: Arc<JumpingClock>) -> Result<Self, String> {
        let vault = Self {
            root: scratch::folder().map_err(|error| error.to_string())?,
            openings: AtomicU32::new(0),
            clock,
            open: Mutex::default(),
        };
        vault.open()?;
        Ok(vault)
    }

    fn directory(&self) -> PathBuf {
        self.root
            .path()
            .join(self.openings.load(Ordering::SeqCst).to_string())
    }

    fn open(&self) -> Result<(), String> {
        let clock = Arc::clone(&self.clock);
        let opened = SqliteStore::open(&self.directory(), clock, INSTALLATION);
        let store = opened.map_err(|error| error.to_string())?;
        *hold(&self.open) = Some(Arc::new(store));
        Ok(())
    }

    /// The store that is open.
    pub(crate) fn store(&self) -> Result<Arc<SqliteStore>, String> {
        hold(&self.open)
            .clone()
            .ok_or_else(|| "no store is open".into())
    }

    /// Ends the store, and leaves nothing behind: whatever still holds the world, thousands of runs
    /// must not fill the memory.
    pub(crate) fn end(&self) {
        let ended = hold(&self.open).take();
        if let Some(store) = ended {
            block_on(store.close());
        }
        // What cannot be removed now goes with the process' folders.
        let _ = std::fs::remove_dir_all(self.root.path());
    }

    /// What the files hold now.
    pub(crate) fn image(&self) -> Image {
        let directory = self.directory();
        // A file that is not there holds nothing.
        Image(FILES.map(|name| std::fs::read(directory.join(name)).unwrap_or_default()))
    }

    /// Ends the store and opens what the image holds; without one, what the files hold after the end.
    pub(crate) fn reopen(&self, image: Option<Image>) -> Result<(), String> {
        let ended = hold(&self.open).take();
        if let Some(store) = ended {
            block_on(store.close());
        }
        // A directory that others have open still is theirs.
        let image = image.unwrap_or_else(|| self.image());
        self.move_into(&image).map_err(|error| error.to_string())?;
        self.open()
    }

    /// A new directory with the image's files and the media as they are.
    fn move_into(&self, image: &Image) -> std::io::Result<()> {
        let before = self.directory();
        self.openings.fetch_add(1, Ordering::SeqCst);
        let directory = self.directory();
        std::fs::create_dir_all(&directory)?;
        for (name, bytes) in FILES.iter().zip(&image.0) {
            if !bytes.is_empty() {
                std::fs::write(directory.join(name), bytes)?;
            }
        }
        std::fs::rename(before.join("media"), directory.join("media"))?;
        std::fs::remove_dir_all(before)
    }
}

impl Image {
    /// The first of these texts that stands in a file, and the file.
    pub(crate) fn find(&self, texts: &[String]) -> Result<Option<(String, &'static str)>, String> {
        let finder = AhoCorasick::new(texts).map_err(|error| error.to_string())?;
        let mut files = FILES.iter().zip(&self.0);
        let found = files.find_map(|(name, bytes)| {
            let found = finder.find(bytes)?.pattern().as_usize();
            Some((texts.get(found)?.clone(), *name))
        });
        Ok(found)
    }

    /// What a power cut leaves while `self` is being made into `after`: of the write-ahead log each
    /// sector is old, new, or half of both. The database itself is only written between operations.
    pub(crate) fn torn(self, after: Self, dice: &Dice) -> Self {
        let [_, mut before] = self.0;
        let [database, log] = after.0;
        before.resize(before.len().max(log.len()), 0);
        let keep = dice.pick(&[0.0, 0.5, 0.9, 0.99]);
        for (sector, new) in before.chunks_mut(SECTOR).zip(log.chunks(SECTOR)) {
            if dice.chance(*keep) {
                sector[..new.len()].copy_from_slice(new);
            } else if dice.chance(0.2) {
                let half = new.len() / 2;
                sector[..half].copy_from_slice(&new[..half]);
            }
        }
        Self([database, before])
    }
}
