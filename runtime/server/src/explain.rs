//! The command that shows the translation of another service's URL.

use crate::cli::Explain;
use anyhow::{Context, bail};
use http::{Request, Uri};
use safelight_core::{Format, Orientation, Size};
use safelight_dialects::Image;
use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// Returns the translation of the URL for a source as the arguments describe it.
pub(crate) fn explained(explain: &Explain) -> anyhow::Result<String> {
    let dialects = explain.dialects.dialects()?;
    let uri: Uri = explain.url.split('#').next().unwrap_or_default().parse().context("the URL is invalid")?;
    let parts = Request::builder().uri(uri).body(()).context("the URL is invalid")?.into_parts().0;
    let Some((dialect, path)) = dialects.find(&parts) else {
        bail!("the URL is in no dialect: expected --dialect with the service whose URL it is");
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let request = safelight_dialects::Request { path, query: parts.uri.query(), accept: "", now };
    let translation = dialect.translate(&request)?;
    let image = Image {
        format: explain.source_format(&translation.path),
        size: Some(explain.size),
        orientation: Orientation::UPRIGHT,
        has_alpha: explain.alpha,
        is_animated: false,
    };
    let words = translation.words(&image)?;
    let query: Vec<_> = words.iter().map(|word| format!("{}={}", word.key, word.value)).collect();
    let Size { w, h } = explain.size;
    let mut text = format!("dialect  {}\nsource   {}\n", dialect.name(), translation.path);
    let _ = writeln!(
        text,
        "query    {}",
        if query.is_empty() { "none: stripped".to_owned() } else { query.join("&") }
    );
    let _ = writeln!(text, "         for an upright {} of {w} × {h} pixels", image.format);
    for word in &words {
        let _ = writeln!(text, "{:<24} for {}", format!("{}={}", word.key, word.value), word.option);
    }
    Ok(text)
}

impl Explain {
    /// Returns the format of the source: the named one, or that of its extension.
    fn source_format(&self, path: &str) -> Format {
        let extension = path.rsplit_once('.').map(|(_, extension)| extension);
        self.format.or(extension.and_then(Format::from_extension)).unwrap_or(Format::Jpeg)
    }
}

/// Parses a format by its extension.
pub(crate) fn parse_format(text: &str) -> Result<Format, String> {
    Format::from_extension(text).ok_or_else(|| "expected the extension of a format, such as jpg".to_owned())
}

/// Parses `WIDTHxHEIGHT`.
pub(crate) fn parse_size(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| (1..=65_535).contains(side));
    let sides = text.split_once('x').and_then(|(width, height)| Some(Size::new(side(width)?, side(height)?)));
    sides.ok_or_else(|| "expected a width and a height from 1 to 65535, such as 4000x3000".to_owned())
}
