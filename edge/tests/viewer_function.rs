//! The CloudFront Function of `cloudfront/` decides as this crate does. It runs under Node.js, with the modules of
//! CloudFront's runtime replaced.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_edge::{
    normalize::{Config, Normalizer},
    signed_url::{Rejected, SignedUrls},
};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const KEYS: [(&str, &str); 2] =
    [("new", "0123456789abcdef0123456789abcdef"), ("old", "fedcba9876543210fedcba9876543210")];
const NOW: u64 = 1_800_000_000;

/// Reads requests, one in JSON on each line, and writes the function's results.
const HARNESS: &str = r"
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import { viewerFunction } from './generate.mjs';

const { settings, secrets, now } = JSON.parse(process.argv[1]);
const source = viewerFunction(settings).replace(/^import .*\n/, '');
const require = () => ({ createHmac });
const cf = { kvs: () => ({ get: async (name) => {
  const found = secrets.find(([id]) => name === `key:${id}`);
  if (!found) throw new Error('KeyNotFound');
  return found[1];
} }) };
const handler = new Function('require', 'cf', 'Date', `${source}; return handler;`)(require, cf, { now: () => now * 1000 });

function parsed(query) {
  const object = {};
  for (const pair of query.split('&').filter((pair) => pair !== '')) {
    const at = pair.indexOf('=');
    const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    if (!object[name]) object[name] = { value };
    else (object[name].multiValue ??= [{ value: object[name].value }]).push({ value });
  }
  return object;
}

function joined(query) {
  const pairs = ([name, { value, multiValue }]) => (multiValue ?? [{ value }]).map((item) => `${name}=${item.value}`);
  return Object.entries(query).flatMap(pairs).join('&');
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, query, accept } = JSON.parse(line);
  const headers = accept === '' ? {} : { accept: { value: accept } };
  const result = await handler({ request: { uri: path, querystring: parsed(query), headers } });
  const output = result.statusCode
    ? { status: result.statusCode, detail: JSON.parse(result.body).detail }
    : { query: joined(result.querystring), accept: result.headers.accept ?? null };
  console.log(JSON.stringify(output));
}
";

/// Runs the function on all requests. `None` without Node.js.
fn run(settings: &Value, requests: &[Request]) -> Option<Vec<Value>> {
    let input = json!({ "settings": settings, "secrets": KEYS, "now": NOW }).to_string();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cloudfront");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", HARNESS, &input]).current_dir(folder);
    let Ok(mut child) = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        eprintln!("skipped: Node.js is not installed");
        return None;
    };
    let line = |Request { path, query, accept }: &Request| {
        json!({ "path": path, "query": query, "accept": accept }).to_string()
    };
    let lines = requests.iter().map(line).collect::<Vec<_>>().join("\n");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let results: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), requests.len());
    Some(results)
}

#[derive(Debug)]
struct Request {
    path: String,
    query: String,
    accept: &'static str,
}

/// Numerical Recipes' linear congruential generator.
struct Random(u32);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end
    }

    fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

fn params() -> Vec<Value> {
    serde_json::from_str(include_str!("../params.json")).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Returns a value of a parameter, valid in most cases.
fn value(param: &Value, random: &mut Random) -> String {
    const ODD: [&str; 12] =
        ["", "auto", "0", "-1", "1e3", "nonsense", "TRUE", "5 ", "+5", "1.2.3", ".", "constructor"];
    if random.below(6) == 0 {
        return random.one_of(&ODD).to_owned();
    }
    let kind = &param["value"];
    match kind["type"].as_str().unwrap() {
        "flag" => random.one_of(&["true", "1", "YES", "on", "no", "all"]).to_owned(),
        "integer" => {
            if kind["or"].is_array() && random.below(2) == 0 {
                return random.one_of(&["auto", "AUTO", "autos"]).to_owned();
            }
            let max = kind["maximum"].as_u64().unwrap() as usize;
            format!(
                "{}{}{}",
                random.one_of(&["", "0", "00"]),
                1 + random.below(max),
                random.one_of(&["", ".4", ".5"])
            )
        }
        "number" => random.one_of(&["1", "1.0", "2.50004", "2.9995", "0.3", "007", "3."]).to_owned(),
        "angle" => random.one_of(&["0", "90", "-90", "450", "-720.2", "45", "1000000001"]).to_owned(),
        "color" => random.one_of(&["f80", "#F80c", "ff8800", "FF8800ff", "#1234567", "12345678"]).to_owned(),
        _ if kind["enum"].is_array() => {
            let mut words = texts(&kind["enum"]);
            words.extend(kind["synonyms"].as_object().unwrap().keys().cloned());
            words.extend(["auto", "best"].map(str::to_owned));
            let word = random.one_of(&words);
            if random.below(2) == 0 { word } else { word.to_uppercase() }
        }
        _ => random.one_of(&["8,8,100,60", "a b*~'(é)", "x/y?z&=%", "north"]).to_owned(),
    }
}

fn query(params: &[Value], random: &mut Random) -> String {
    let mut pairs = Vec::new();
    for _ in 0..random.below(6) {
        let param = random.one_of(params);
        let mut names = texts(&param["aliases"]);
        names.push(param["key"].as_str().unwrap().to_owned());
        let name = random.one_of(&names);
        let name = match random.below(12) {
            0 => format!("%{:02x}{}", name.as_bytes()[0], &name[1..]),
            1 => format!("{name}x"),
            _ => name,
        };
        let value: String = form_urlencoded::byte_serialize(value(&param, random).as_bytes()).collect();
        pairs.push(format!("{name}={value}"));
    }
    for extra in
        ["utm_source=a%26b", "v=1", "X-Amz-Date=5", "exp=7", "fbclid=", "=1", "__proto_=1", "colour=red"]
    {
        if random.below(24) == 0 {
            pairs.insert(random.below(pairs.len() + 1), extra.to_owned());
        }
    }
    pairs.join("&")
}

/// Changes a signed query: truncates, reorders, re-encodes, or replaces a letter of it.
fn changed(query: &str, random: &mut Random) -> String {
    let mut pairs: Vec<_> = query.split('&').map(str::to_owned).collect();
    match random.below(6) {
        0 => query[..random.below(query.len())].to_owned(),
        1 => {
            pairs.reverse();
            pairs.join("&")
        }
        2 => {
            let index = random.below(pairs.len());
            let pair = pairs[index].clone();
            let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
            let encoded = value.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
            // Only plain values have one meaning.
            if value.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                pairs[index] = format!("{name}={encoded}");
            }
            pairs.join("&")
        }
        3 => {
            let at = random.below(query.len());
            let other = random.one_of(&["0", "a", "Z", "-", "&", "="]);
            format!("{}{other}{}", &query[..at], &query[at + 1..])
        }
        4 => {
            pairs.push(pairs[0].clone());
            pairs.join("&")
        }
        _ => query.to_owned(),
    }
}

fn expected(
    keys: &SignedUrls,
    normalizer: &Normalizer,
    request: &Request,
    required: bool,
) -> Result<String, u16> {
    let query = match keys.verify(&request.path, &request.query, NOW) {
        Ok(verified) => verified.query,
        Err(Rejected::Unsigned) if !required => request.query.clone(),
        Err(_) => return Err(403),
    };
    normalizer.normalize(&query, request.accept).map(|normalized| normalized.query).map_err(|_| 400)
}

fn has_repeated_keys(query: &str) -> bool {
    let mut keys: Vec<_> = query.split('&').map(|pair| pair.split('=').next()).collect();
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    // Also under different aliases.
    keys.len() < count || query.contains('%')
}

/// Sorts pairs: CloudFront keeps no order among the values of different keys.
fn sorted(query: &str) -> Vec<&str> {
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.sort_unstable();
    pairs
}

fn check(settings: &Value, required: bool, seed: u32) {
    let params = params();
    let mut random = Random(seed);
    let keys = KEYS.map(|(id, secret)| (id, secret.as_bytes()));
    let keys = [SignedUrls::new(keys).unwrap(), SignedUrls::new(keys.into_iter().rev()).unwrap()];
    let strange = SignedUrls::new([("new", b"another secret of thirty-two bytes".as_slice())]).unwrap();
    let accepts = [
        "",
        "image/avif,image/webp,*/*;q=0.8",
        "image/webp",
        "image/webp;q=0.1,image/jpeg",
        "IMAGE/AVIF;q=0",
    ];
    let paths = ["/photo.jpg", "/a/b%20c/%C3%A9.jpg", "/(1)!*'~-_.jpg", "/a%2Fb/%zz", "/x"];
    let requests: Vec<_> = (0..5_000)
        .map(|_| {
            let (path, raw) = (random.one_of(&paths), query(&params, &mut random));
            let expiry = random.one_of(&[None, Some(NOW), Some(NOW - 1), Some(NOW + 60)]);
            let key = random.one_of(&[&keys[0], &keys[0], &keys[1], &strange]);
            let signed = if random.below(8) == 0 { None } else { key.sign(path, &raw, expiry).ok() };
            let query = signed.map_or(raw, |signed| changed(&signed, &mut random));
            Request { path: path.to_owned(), query, accept: random.one_of(&accepts) }
        })
        // How CloudFront splits a pair of nothing is not documented.
        .filter(|request| !request.query.split('&').any(|pair| pair == "="))
        .collect();
    let Some(results) = run(settings, &requests) else { return };
    let normalizer = Normalizer::new(&Config::default()).unwrap();
    let mut counts = [0; 3];
    for (request, result) in requests.iter().zip(&results) {
        match expected(&keys[0], &normalizer, request, required) {
            Ok(query) => {
                counts[0] += 1;
                let found = result["query"].as_str().unwrap_or_else(|| panic!("{request:?}: {result}"));
                assert_eq!(sorted(found), sorted(&query), "{request:?}");
                assert!(found == query || has_repeated_keys(&query), "{request:?}: {found}");
                assert!(result["accept"].is_null());
            }
            Err(status) => {
                counts[if status == 403 { 1 } else { 2 }] += 1;
                assert_eq!(result["status"], status, "{request:?}: {result}");
            }
        }
    }
    // No kind is an exception.
    assert!(counts.iter().all(|count| 200 < *count), "{counts:?}");
}

#[test]
fn decisions_are_those_of_this_crate_with_keys_in_the_source() {
    let keys: Value = KEYS.iter().map(|(id, secret)| ((*id).to_owned(), Value::from(*secret))).collect();
    check(&json!({ "signature": { "required": true, "keys": keys } }), true, 1);
}

#[test]
fn decisions_are_those_of_this_crate_with_keys_in_a_store() {
    check(&json!({ "signature": { "required": false } }), false, 2);
}

#[test]
fn settings_change_the_function() {
    let request =
        |query: &str| Request { path: "/a".to_owned(), query: query.to_owned(), accept: "image/webp" };
    let requests = [request("w=05&f=auto"), request("height=5"), request("pk_id=1&w=5"), request("bg=Red")];
    let restricted = json!({ "keys": ["width", "background"], "ignoreKeys": ["pk_*", "f"] });
    let Some(results) = run(&restricted, &requests) else { return };
    assert_eq!(results[0]["query"], "width=5");
    assert_eq!(
        results[1],
        json!({ "status": 400, "detail": "unsupported key \"height\": expected width, background" })
    );
    assert_eq!(results[2]["query"], "width=5");
    assert_eq!(results[3]["query"], "bg=Red");
    let lenient = run(&json!({ "lenient": true }), &requests).unwrap();
    let found: Vec<_> = lenient.iter().map(|result| result["query"].as_str().unwrap()).collect();
    assert_eq!(found, ["width=5&format=webp", "height=5", "width=5", "bg=Red"]);
}
