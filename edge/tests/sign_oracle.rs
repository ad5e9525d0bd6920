//! Signatures that botocore makes of the same requests, and requests made from a seed. CI compares more of
//! them, with botocore and with aws4: `.ci/oracle/sign.py` and `.ci/oracle/sign.mjs`.

#[path = "sign/seeded.rs"]
mod seeded;

use serde_json::Value;

/// Made by `.ci/oracle/sign.py --table`.
const TABLE: &str = include_str!("sign/botocore.jsonl");

#[test]
fn signatures_are_those_of_botocore() {
    let mut services = Vec::new();
    for line in TABLE.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let signed = seeded::signed(&row["event"], &row["keys"], row["seconds"].as_u64().unwrap()).unwrap();
        assert_eq!(signed["authorization"], row["authorization"], "{}", row["event"]);
        services.push(signed["service"].clone());
    }
    assert_eq!(services.len(), 24);
    services.dedup();
    assert_eq!(services, ["s3", "s3-object-lambda", "lambda", "medical-imaging"]);
}

/// What a signed request is sent with stays as it is when it is signed once more.
#[test]
fn what_is_sent_is_what_is_signed() {
    for line in seeded::requests(100) {
        let mut event = line["event"].clone();
        let request = &mut event["Records"][0]["cf"]["request"];
        let origin = if request["origin"]["s3"].is_object() { "s3" } else { "custom" };
        request["origin"][origin]["path"] = "".into();
        request["uri"] = line["path"].clone();
        request["querystring"] = line["query"].clone();
        let again = seeded::signed(&event, &line["keys"], line["seconds"].as_u64().unwrap()).unwrap();
        for name in ["path", "query", "authorization"] {
            assert_eq!(again[name], line[name], "{event}");
        }
    }
}
