//! Prints what the authorizer decides, for a program that compares it with another's decision.
//!
//! ```text
//! stdin, a JSON value on each line: the settings · { URL: key set, … } · { "token": …, "now": seconds } …
//! stdout, a line for each token:    allowed · or the reason of the refusal
//! ```

use safelight_edge::{
    authorize::{Authorizer, Given, Outcome},
    config,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    error::Error,
    io::{self, BufRead as _, Write as _},
};

#[derive(Deserialize)]
struct Question {
    token: String,
    now: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = io::stdin().lock().lines();
    let mut line = || lines.next().ok_or("a line is missing")?.map_err(Box::<dyn Error>::from);
    let authorizer = Authorizer::new(&config::from_json(&line()?)?)?;
    let key_sets: Map<String, Value> = serde_json::from_str(&line()?)?;
    let mut out = io::stdout().lock();
    for line in lines {
        let question: Question = serde_json::from_str(&line?)?;
        writeln!(out, "{}", verdict(&authorizer, &key_sets, &question)?)?;
    }
    Ok(())
}

fn verdict(
    authorizer: &Authorizer,
    key_sets: &Map<String, Value>,
    question: &Question,
) -> Result<String, Box<dyn Error>> {
    let given = Given::One(question.token.as_str().into());
    loop {
        match authorizer.authorize(&given, question.now) {
            Outcome::Allowed(_) => return Ok("allowed".to_owned()),
            Outcome::Refused(refusal) => return Ok(refusal.reason.to_string()),
            Outcome::Fetch(url) => {
                let key_set = key_sets.get(&*url).ok_or_else(|| format!("no key set of {url}"))?;
                authorizer.keys_fetched(&url, key_set.to_string().as_bytes(), question.now)?;
            }
            Outcome::Wait(_) | Outcome::Unavailable => return Err("nobody else fetches".into()),
        }
    }
}
