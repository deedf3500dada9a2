//! Reading a table of the configuration key by key.
//!
//! Ensures that every wrong value and every unknown key is found, not the first one only, and that
//! an environment variable goes before the file. Does not know what the keys mean.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::complaints::{Complaints, Place};

/// What the process's environment says; a function, so that a test can say something else.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// A table whose keys are taken out one by one.
pub(super) struct Section<'t, 'f> {
    title: String,
    place: Place,
    /// Whether the file has it.
    written: bool,
    entries: DeTable<'f>,
    overrides: Option<(String, Environment<'t>)>,
    known: Vec<&'static str>,
    complaints: &'t mut Complaints,
}

/// A value and where it came from.
pub(super) type Placed<T> = (T, Place);

impl<'t, 'f> Section<'t, 'f> {
    /// A table under `title`, as it is named in complaints.
    pub(super) fn new(
        title: &str,
        table: Option<Spanned<DeTable<'f>>>,
        complaints: &'t mut Complaints,
    ) -> Self {
        let place = Place::File(table.as_ref().map_or(0..0, Spanned::span));
        Self {
            title: title.to_owned(),
            place,
            written: table.is_some(),
            entries: table.map(Spanned::into_inner).unwrap_or_default(),
            overrides: None,
            known: Vec::new(),
            complaints,
        }
    }

    /// Lets variables that begin with `prefix` go before the file.
    pub(super) fn overridden_by(mut self, prefix: &str, environment: Environment<'t>) -> Self {
        self.overrides = Some((prefix.to_owned(), environment));
        self
    }

    /// Where the table begins.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Takes a key's value; a value of the wrong type is a complaint.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &'static str) -> Option<Placed<T>> {
        self.known.push(key);
        let listed = self.entries.remove(key);
        if let Some((variable, text)) = self.overriding(key) {
            return self.take_variable(&variable, &text);
        }
        let listed = listed?;
        let place = Place::File(listed.span());
        match T::deserialize(ValueDeserializer::from(listed)) {
            Ok(value) => Some((value, place)),
            Err(why) => {
                let place = why.span().map_or(place, Place::File);
                self.complain(place, key, why.message());
                None
            }
        }
    }

    /// Takes a key's text and reads it further.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Placed<T>> {
        let (text, place) = self.take::<String>(key)?;
        match read(&text) {
            Ok(value) => Some((value, place)),
            Err(why) => {
                self.complain(place, key, &why);
                None
            }
        }
    }

    /// Takes a number between `lowest` and `highest`.
    pub(super) fn number(&mut self, key: &'static str, lowest: u64, highest: u64) -> Option<u64> {
        let (number, place) = self.take::<u64>(key)?;
        if (lowest..=highest).contains(&number) {
            return Some(number);
        }
        let why = format!("must lie between {lowest} and {highest}, is {number}");
        self.complain(place, key, &why);
        None
    }

    /// Says that a key is missing, with an example of what it could be.
    pub(super) fn need(&mut self, key: &str, example: &str) {
        if !self.entries.contains_key(key) && self.overriding(key).is_none() {
            let message = format!("{} needs {key}, such as {example}", self.title);
            self.complaints.add(self.place.clone(), message);
        }
    }

    /// A table within this one; empty when it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'_, 'f> {
        self.known.push(key);
        let title = format!("{} {key}", self.title);
        let table = self.entries.remove(key).and_then(|value| {
            let span = value.span();
            match value.into_inner() {
                DeValue::Table(table) => Some(Spanned::new(span, table)),
                other => {
                    let message = format!("{title}: must be a table, is {}", other.type_str());
                    self.complaints.add(Place::File(span), message);
                    None
                }
            }
        });
        let overrides = self.overrides.as_ref().map(|(prefix, environment)| {
            (
                format!("{prefix}{}_", key.to_ascii_uppercase()),
                *environment,
            )
        });
        let section = Section::new(&title, table, self.complaints);
        Section {
            overrides,
            ..section
        }
    }

    /// Whether neither the file nor the environment, under any of these keys, says anything of it.
    pub(super) fn is_absent(&self, keys: &[&str]) -> bool {
        let silent = |key: &&str| self.overriding(key).is_none();
        !self.written && keys.iter().all(silent)
    }

    /// The keys that were asked for.
    pub(super) fn known(&self) -> String {
        self.known.join(", ")
    }

    /// Complains about all keys that nobody took.
    pub(super) fn finish(self) {
        let known = self.known();
        for (key, _) in &self.entries {
            let message = format!(
                "{} {}: unknown key; known are {known}",
                self.title,
                key.get_ref()
            );
            self.complaints.add(Place::File(key.span()), message);
        }
    }

    /// The keys that nobody took, and where to complain about them.
    pub(super) fn remaining(self) -> (Spanned<DeTable<'f>>, &'t mut Complaints) {
        let span = match self.place {
            Place::File(span) => span,
            Place::Environment => 0..0,
        };
        (Spanned::new(span, self.entries), self.complaints)
    }

    /// A complaint about the value of a key.
    pub(super) fn complain(&mut self, place: Place, key: &str, why: &str) {
        self.complaints
            .add(place, format!("{} {key}: {why}", self.title));
    }

    fn overriding(&self, key: &str) -> Option<(String, String)> {
        let (prefix, environment) = self.overrides.as_ref()?;
        let variable = format!("{prefix}{}", key.to_ascii_uppercase());
        environment(&variable).map(|text| (variable, text))
    }

    /// A variable holds a TOML value, or text as it is.
    fn take_variable<T: DeserializeOwned>(
        &mut self,
        variable: &str,
        text: &str,
    ) -> Option<Placed<T>> {
        let as_value = ValueDeserializer::parse(text).ok().map(T::deserialize);
        let as_text = || T::deserialize(ValueDeserializer::from(quoted(text)));
        match as_value.and_then(Result::ok).map_or_else(as_text, Ok) {
            Ok(value) => Some((value, Place::Environment)),
            Err(why) => {
                let message = format!("the environment variable {variable}: {}", why.message());
                self.complaints.add(Place::Environment, message);
                None
            }
        }
    }
}

fn quoted(text: &str) -> Spanned<DeValue<'static>> {
    Spanned::new(
        0..text.len(),
        DeValue::String(std::borrow::Cow::Owned(text.to_owned())),
    )
}
