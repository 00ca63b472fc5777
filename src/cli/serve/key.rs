//! The master key: from a variable, from its file, or made at the first start.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use crate::cli::error::CliError;
use crate::store::{Expected, Shelf, Store};
use crate::vault::{MasterKey, Vault};

/// The document that holds the key's check value.
const CHECK: &str = "master-key-check";

/// The vault under the right key. The first key that a store meets is its key from then on.
pub(super) async fn vault(store: &dyn Store, variable: Option<&str>, file: &Path) -> Result<Vault, CliError> {
    let known = store.document(Shelf::Setting, CHECK.to_owned()).await.map_err(|error| super::store_error(&error))?;
    let (key, origin) = find(variable, file, known.is_none())?;
    let vault = Vault::new(&key).map_err(|error| CliError::failed(error.to_string()))?;
    match known {
        Some(document) if document.content == vault.check_value().as_bytes() => {}
        Some(_) => {
            return Err(CliError::failed(format!("{origin} is not the key that this store was sealed with"))
                .help("give the key it was started with at first: without it the secrets in it cannot be opened"));
        }
        None => {
            let check = vault.check_value().as_bytes().to_vec();
            let kept = store.put_document(Shelf::Setting, CHECK.to_owned(), check, Expected::Nothing).await;
            kept.map_err(|error| super::store_error(&error))?;
        }
    }
    Ok(vault)
}

fn find(variable: Option<&str>, file: &Path, may_make: bool) -> Result<(MasterKey, String), CliError> {
    if let Some(text) = variable {
        let name = "`FLAGPOST_MASTER_KEY`".to_owned();
        let key = MasterKey::parse(text).map_err(|error| wrong(&name, &error, may_make))?;
        return Ok((key, name));
    }
    let name = format!("the key in `{}`", file.display());
    match File::open(file) {
        Ok(mut opened) => {
            let mut text = String::new();
            // A key file is short; whatever else was named is not read into memory.
            let read = Read::by_ref(&mut opened).take(1024).read_to_string(&mut text);
            read.map_err(|error| CliError::failed(format!("cannot read {name}: {error}")))?;
            warn_of_open_file(&opened, file);
            let key = MasterKey::parse(&text).map_err(|error| wrong(&name, &error, may_make))?;
            Ok((key, name))
        }
        Err(error) if error.kind() == ErrorKind::NotFound && may_make => {
            let key = MasterKey::random().map_err(|error| CliError::failed(error.to_string()))?;
            make(file, &key)
                .map_err(|error| CliError::failed(format!("cannot write `{}`: {error}", file.display())))?;
            tracing::info!(key.file = %file.display(), "made the master key `{}`: keep a copy of it elsewhere", file.display());
            Ok((key, name))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(CliError::failed(format!("the master key is gone: there is no `{}`", file.display()))
                .help("put the file back, or give the key in `FLAGPOST_MASTER_KEY`: a new one opens nothing"))
        }
        Err(error) => Err(CliError::failed(format!("cannot read {name}: {error}"))),
    }
}

fn wrong(name: &str, error: &crate::vault::VaultError, is_first: bool) -> CliError {
    CliError::failed(format!("{name} cannot be used: {error}")).help(match is_first {
        true => "`openssl rand -base64 32` makes one",
        false => "put the copy of the first key there: without it the secrets in the store cannot be opened",
    })
}

/// Written whole before it has its name, so that a crash leaves a key or none.
fn make(file: &Path, key: &MasterKey) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    let _ = std::fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&draft)?;
    writeln!(opened, "{}", key.text().expose())?;
    opened.sync_all()?;
    std::fs::rename(&draft, file)?;
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn warn_of_open_file(opened: &File, file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = opened.metadata().map(|data| data.permissions().mode() & 0o077).unwrap_or(0);
    if mode != 0 {
        tracing::warn!("others on this machine may read the master key `{0}`: `chmod 600 {0}`", file.display());
    }
}

#[cfg(not(unix))]
fn warn_of_open_file(_: &File, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::vault;
    use crate::store::MemoryStore;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn the_first_key_of_a_store_is_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("master.key");
        let store = MemoryStore::default();
        let first = wait(vault(&store, None, &file)).expect("it is made");
        let again = wait(vault(&store, None, &file)).expect("it is read back");
        assert_eq!(first.check_value(), again.check_value());
        let other = wait(vault(&store, Some(&"ab".repeat(32)), &file)).expect_err("another key");
        assert!(other.message.contains("not the key that this store was sealed with"), "{}", other.message);
        let slip = wait(vault(&store, Some("ab"), &file)).expect_err("no key");
        assert!(slip.message.contains("32 bytes"), "{}", slip.message);
        assert!(slip.help.is_some_and(|help| help.contains("first key")), "a new key would open nothing");
        let nothing_sealed = wait(vault(&MemoryStore::default(), Some("ab"), &file)).expect_err("no key");
        assert!(nothing_sealed.help.is_some_and(|help| help.contains("openssl")), "any key would do");
        std::fs::remove_file(&file).expect("it is there");
        let gone = wait(vault(&store, None, &file)).expect_err("no new key is made");
        assert!(gone.message.contains("gone") && !file.exists(), "{}", gone.message);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_key_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("master.key");
        wait(vault(&MemoryStore::default(), None, &file)).expect("it is made");
        assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
}
