//! The documentation names every option of each service, and the share of them that is translated.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_dialects::{Dialect, Settings};
use std::{fs, path::Path};

#[test]
fn pages_name_every_option() {
    for name in Dialect::NAMES {
        let page = match *name {
            "imagor" => "thumbor",
            "dit8" => "dit",
            name => name,
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/dialects/{page}.md"));
        let text = fs::read_to_string(&path).unwrap();
        let (translated, others) = Dialect::new(name, &Settings::default()).unwrap().options();
        for option in translated.iter().chain(&others) {
            assert!(text.contains(&format!("`{option}`")), "{page}.md lacks {option} of {name}");
        }
        let all = translated.len() + others.len();
        let share = format!("{} % of ", translated.len() * 100 / all);
        assert!(
            text.contains(&share) && text.contains(&all.to_string()),
            "{page}.md: {name} has {share}{all}"
        );
    }
}
