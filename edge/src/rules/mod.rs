//! The operator's rules for queries: known keys, presets, allowed keys and values, and ladders of sizes.
//!
//! Rules apply to what a viewer writes, before the query becomes canonical, so that equal results have one cache key.

mod settings;
#[cfg(test)]
mod tests;

pub use settings::{Allow, Ladders, Presets, Scalar};

use crate::config::ConfigError;
use safelight_core::{
    AUTO, Error, Format, KeyRules, Kind, Param, ParamKind, Query, Result, best_words,
    nearest::{alternatives, nearest},
    params::{DOWNLOAD, PRESET, SERVICE, is_of_service, is_preset_name},
};
use std::{collections::BTreeMap, fmt::Display};

/// The rules for the queries of some images.
#[derive(Clone, Debug)]
pub struct Rules {
    keys: KeyRules,
    /// Every parameter of a transform, for presets.
    declared: Vec<&'static Param>,
    /// The parameters that a viewer may use.
    allowed: Vec<&'static Param>,
    presets: Presets,
    only_presets: bool,
    /// Canonical values of each restricted parameter.
    values: BTreeMap<&'static str, Vec<String>>,
    formats: Option<Formats>,
    /// Rungs of each ladder in ascending order, at least one.
    ladders: BTreeMap<&'static str, Vec<u32>>,
}

/// The settings of [`Rules`]. Defaults to none: strict keys, and everything that transforms declare.
#[derive(Clone, Debug, Default)]
pub struct RuleSettings {
    /// Rules for unknown keys.
    pub keys: KeyRules,
    /// Named queries.
    pub presets: Presets,
    /// Whether each query must name a preset, and have no other key of a transform.
    pub only_presets: bool,
    /// What viewers may ask for.
    pub allow: Allow,
    /// Sizes to which values are rounded up.
    pub ladders: Ladders,
}

/// A query by the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The parameters of transforms, those of the preset included.
    pub query: Query,
    /// The preset that the viewer named.
    pub preset: Option<String>,
    /// Whether the viewer named no parameter of a transform.
    pub is_preset_only: bool,
    /// The name under which a browser saves the response.
    pub download: Option<String>,
}

impl Rules {
    /// Creates the rules for the parameters `declared`, in canonical order.
    ///
    /// # Errors
    /// [`ConfigError`], with the path of the invalid key.
    pub fn new(
        settings: RuleSettings,
        declared: impl IntoIterator<Item = &'static Param>,
    ) -> Result<Self, ConfigError> {
        let declared: Vec<_> = declared.into_iter().collect();
        let RuleSettings { keys, presets, only_presets, allow, ladders } = settings;
        let names: Vec<_> = declared.iter().copied().chain(SERVICE).map(|param| param.key).collect();
        for (index, key) in allow.keys.iter().flatten().enumerate() {
            if !names.contains(&key.as_str()) {
                return Err(unknown(&format!("allow.keys[{index}]"), "a parameter", key, &names));
            }
        }
        let is_allowed =
            |param: &Param| allow.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == param.key));
        let allowed = declared.iter().copied().chain(SERVICE).filter(|param| is_allowed(param)).collect();
        let mut formats = None;
        if let Some(names) = &allow.formats {
            for param in &declared {
                formats = formats.or(Formats::new(param, names)?);
            }
        }

        let find = |path: &str, key: &str| {
            let param = declared.iter().copied().find(|param| param.key == key);
            param.ok_or_else(|| unknown(path, "a parameter of a transform", key, &names))
        };
        let mut canonical: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (key, values) in &allow.values {
            let path = format!("allow.values.{key}");
            let param = find(&path, key)?;
            let value = |value: &Scalar| {
                let text = value.to_text();
                let pair = form_urlencoded::Serializer::new(String::new()).append_pair(key, &text).finish();
                let query = Query::parse(&pair, "", [param]).map_err(|error| invalid(&path, &error))?;
                // A value that is equal to no key at all needs no permission.
                Ok(query.get(key).map(str::to_owned))
            };
            let values = values.iter().map(value).collect::<Result<Vec<_>, ConfigError>>()?;
            canonical.insert(param.key, values.into_iter().flatten().collect());
        }
        let mut sorted: BTreeMap<&'static str, Vec<u32>> = BTreeMap::new();
        for (key, mut rungs) in ladders {
            let path = format!("ladders.{key}");
            let param = find(&path, &key)?;
            let (ParamKind::Integer { min, max, .. } | ParamKind::IntegerOr { min, max, .. }) = param.kind
            else {
                return Err(ConfigError::new("ladders", "a table of parameters that are whole numbers", key));
            };
            if rungs.is_empty() || rungs.iter().any(|rung| !(min..=max).contains(rung)) {
                let expected = format!("a list of whole numbers from {min} to {max}");
                return Err(ConfigError::new(path, &expected, rungs));
            }
            rungs.sort_unstable();
            sorted.insert(param.key, rungs);
        }
        let rules = Self {
            keys,
            declared,
            allowed,
            presets,
            only_presets,
            values: canonical,
            formats,
            ladders: sorted,
        };
        rules.check_presets()?;
        Ok(rules)
    }

    /// Drops these keys too, because something else reads them.
    pub fn ignore(&mut self, keys: impl IntoIterator<Item = impl Into<String>>) {
        self.keys.ignored.extend(keys.into_iter().map(Into::into));
    }

    fn check_presets(&self) -> Result<(), ConfigError> {
        if self.only_presets && self.presets.is_empty() {
            return Err(ConfigError::new("only-presets", "false without presets", true));
        }
        for (name, raw) in &self.presets {
            if !is_preset_name(name) {
                let expected = "a table of names of 1 to 64 letters, digits, hyphens and underscores";
                return Err(ConfigError::new("presets", expected, name));
            }
            let own = KeyRules::default().check(raw, self.declared.iter().copied());
            let parsed = own.and_then(|()| Query::parse(raw, "", self.declared.iter().copied()));
            parsed.map_err(|error| invalid(&format!("presets.{name}"), &error))?;
        }
        Ok(())
    }

    /// Returns the query that a viewer asks for by the raw query `raw`, without the question mark. `accept` is the
    /// request's `Accept` header, or empty.
    ///
    /// A preset's pairs are added to those of the viewer, which override them.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`], for keys and values that are unknown, invalid or not allowed.
    pub fn query(&self, raw: &str, accept: &str) -> Result<Asked> {
        self.keys.check(raw, self.allowed.iter().copied())?;
        let filtered = self.formats.as_ref().map(|formats| formats.filter(accept));
        let own = Query::parse(raw, filtered.as_deref().unwrap_or(accept), self.allowed.iter().copied())?;
        let own = own.try_map(|key, value| self.fit(key, value))?;
        let text = |param: Param| own.get(param.key).map(str::to_owned);
        let (preset, download) = (text(PRESET), text(DOWNLOAD));
        if self.only_presets {
            self.check_only_preset(&own, preset.as_deref())?;
        }
        let added = match &preset {
            Some(name) => self.preset(name, raw, accept)?,
            None => Query::default(),
        };
        let is_preset_only = own_keys(&own).next().is_none();
        Ok(Asked { query: own.or(&added, self.declared.iter().copied()), preset, is_preset_only, download })
    }

    /// Returns the pairs of the preset `name` whose keys are not in `raw`.
    fn preset(&self, name: &str, raw: &str, accept: &str) -> Result<Query> {
        let preset = self.presets.get(name).ok_or_else(|| {
            let message = match self.presets.len() {
                0 => format!("unsupported preset {name:?}: there are none"),
                _ => format!("unsupported preset {name:?}: expected {}", self.preset_names(name)),
            };
            Error::param(PRESET.key, message)
        })?;
        let is_missing = |param: &&&'static Param| {
            let mut pairs = form_urlencoded::parse(raw.as_bytes());
            !pairs.any(|(key, value)| param.is_named(&key) && !value.is_empty())
        };
        Query::parse(preset, accept, self.declared.iter().filter(is_missing).copied())
    }

    /// Returns the nearest names of presets, or all.
    fn preset_names(&self, name: &str) -> String {
        let names = || self.presets.keys().map(String::as_str);
        let nearest = nearest(name, names());
        if nearest.is_empty() { alternatives(&names().collect::<Vec<_>>()) } else { alternatives(&nearest) }
    }

    fn check_only_preset(&self, own: &Query, preset: Option<&str>) -> Result<()> {
        let message = match own_keys(own).next() {
            Some(key) => format!("the key {key} is not allowed: expected only preset"),
            None if preset.is_none() => format!("missing key preset: expected {}", self.preset_names("")),
            None => return Ok(()),
        };
        Err(Error::new(Kind::InvalidParam, "query", message))
    }

    /// Rounds a canonical value up to the ladder of its parameter, and checks that it is allowed.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`].
    fn fit(&self, key: &'static str, value: String) -> Result<String> {
        let value = match (self.ladders.get(key), value.parse::<u32>()) {
            (Some(rungs), Ok(number)) => {
                rungs.iter().find(|rung| number <= **rung).or(rungs.last()).unwrap_or(&number).to_string()
            }
            _ => value,
        };
        if let Some(formats) = self.formats.as_ref().filter(|formats| formats.key == key) {
            formats.check(&value)?;
        }
        match self.values.get(key) {
            Some(values) if !values.contains(&value) => {
                let values: Vec<_> = values.iter().map(String::as_str).collect();
                Err(Error::param(key, format!("expected {}, got {value:?}", listed(&values))))
            }
            _ => Ok(value),
        }
    }
}

/// Returns the keys of a viewer's query that belong to transforms.
fn own_keys(query: &Query) -> impl Iterator<Item = &'static str> {
    query.pairs().map(|(key, _)| key).filter(|key| !is_of_service(key))
}

/// The formats that a viewer may ask for.
#[derive(Clone, Debug)]
struct Formats {
    /// Key of the parameter that chooses the format.
    key: &'static str,
    words: Vec<&'static str>,
    /// Words that only programs write.
    hidden: Vec<String>,
    /// Types that must not be negotiated.
    excluded_types: Vec<&'static str>,
}

impl Formats {
    /// Returns the restriction of `param` to the formats `names`; `None` if it chooses no format.
    fn new(param: &Param, names: &[String]) -> Result<Option<Self>, ConfigError> {
        let ParamKind::Negotiated { words, synonyms, auto } = param.kind else { return Ok(None) };
        let mut allowed = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let synonym = synonyms.iter().find(|(synonym, _)| synonym == name).map(|(_, word)| *word);
            let word = words.iter().copied().find(|word| word == name).or(synonym);
            allowed.push(
                word.ok_or_else(|| unknown(&format!("allow.formats[{index}]"), "a format", name, words))?,
            );
        }
        let is_allowed = |mime: &str| {
            allowed.iter().filter_map(|word| Format::from_word(word)).any(|format| format.mime() == mime)
        };
        let (hidden, excluded): (Vec<_>, Vec<_>) =
            auto.iter().copied().partition(|(mime, _)| is_allowed(mime));
        Ok(Some(Self {
            key: param.key,
            words: allowed,
            // `auto` and `best` stay where `Accept` names none of their formats.
            hidden: hidden
                .iter()
                .map(|(_, word)| (*word).to_owned())
                .chain([AUTO.to_owned()])
                .chain(best_words(&hidden))
                .collect(),
            excluded_types: excluded.into_iter().map(|(mime, _)| mime).collect(),
        }))
    }

    /// Returns an `Accept` header without the types that must not be negotiated.
    fn filter(&self, accept: &str) -> String {
        let is_excluded = |range: &&str| {
            let name = range.split(';').next().unwrap_or_default().trim();
            self.excluded_types.iter().any(|excluded| excluded.eq_ignore_ascii_case(name))
        };
        accept.split(',').filter(|range| !is_excluded(range)).collect::<Vec<_>>().join(",")
    }

    fn check(&self, value: &str) -> Result<()> {
        if self.words.contains(&value) || self.hidden.iter().any(|word| word == value) {
            return Ok(());
        }
        Err(Error::param(self.key, format!("expected {}, got {value:?}", listed(&self.words))))
    }
}

/// Returns allowed values for a message.
fn listed(values: &[&str]) -> String {
    if values.is_empty() { "no value".to_owned() } else { alternatives(values) }
}

fn unknown(path: &str, noun: &str, found: &str, known: &[&str]) -> ConfigError {
    let nearest = nearest(found, known.iter().copied());
    let known = if nearest.is_empty() { known } else { &nearest };
    ConfigError::new(path, &format!("{noun}: {}", alternatives(known)), found)
}

fn invalid(path: &str, error: &dyn Display) -> ConfigError {
    ConfigError { key: path.to_owned(), message: error.to_string() }
}
