//! Prints the authorizer's decisions, for comparison with another verifier.
//!
//! ```text
//! stdin, one JSON value per line: settings · { URL: key set, … } · { "token": …, "now": seconds } …
//! stdout, one line per token:     `allowed` or the reason of the rejection
//! ```

use safelight_edge::{
    authorize::{Authorizer, Outcome, TokenPresence},
    config,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    error::Error,
    io::{self, BufRead as _, Write as _},
};

#[derive(Deserialize)]
struct Input {
    token: String,
    now: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = io::stdin().lock().lines();
    let mut line = || {
        lines
            .next()
            .ok_or("missing input line: expected settings, key sets and tokens")?
            .map_err(Box::<dyn Error>::from)
    };
    let authorizer = Authorizer::new(&config::from_json(&line()?)?)?;
    let key_sets: Map<String, Value> = serde_json::from_str(&line()?)?;
    let mut out = io::stdout().lock();
    for line in lines {
        let input: Input = serde_json::from_str(&line?)?;
        writeln!(out, "{}", verdict(&authorizer, &key_sets, &input)?)?;
    }
    Ok(())
}

fn verdict(
    authorizer: &Authorizer,
    key_sets: &Map<String, Value>,
    input: &Input,
) -> Result<String, Box<dyn Error>> {
    let token = TokenPresence::One(input.token.as_str().into());
    loop {
        match authorizer.authorize(&token, input.now) {
            Outcome::Allowed(_) => return Ok("allowed".to_owned()),
            Outcome::Refused(refusal) => return Ok(refusal.reason.to_string()),
            Outcome::Fetch(url) => {
                let key_set = key_sets.get(&*url).ok_or_else(|| format!("missing key set of {url}"))?;
                authorizer.keys_fetched(&url, key_set.to_string().as_bytes(), input.now)?;
            }
            Outcome::Wait(_) | Outcome::Unavailable => {
                return Err("unexpected outcome: no other caller fetches key sets".into());
            }
        }
    }
}
