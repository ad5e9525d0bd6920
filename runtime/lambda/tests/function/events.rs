//! Every shape of event is parsed, with and without the fields that AWS may omit.

use crate::cloud::event;
use safelight_lambda::Event;
use serde_json::Value;

const ALL: [&str; 13] = [
    "get",
    "get-cloudfront",
    "get-least",
    "get-later-version",
    "head",
    "list",
    "list-v2",
    "function-url",
    "function-url-least",
    "api-gateway",
    "rest-api",
    "load-balancer",
    "load-balancer-multi-value",
];

fn read(event: &Value) -> String {
    match Event::from_json(event.to_string().as_bytes()) {
        Ok(Event::Get { output, object }) => {
            assert_eq!((&*output.route, &*output.token), ("io-use1-001", "OutputToken"));
            format!("get {}", object.target().0)
        }
        Ok(Event::Head(object)) => format!("head {}", object.target().0),
        Ok(Event::List(object)) => format!("list {}", object.target().1),
        Ok(Event::Web(web)) => format!("{} {}", web.method, web.path),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn every_shape_is_parsed() {
    let expected = [
        "get /photo.jpg",
        "get /photo.jpg",
        "get /photo.jpg",
        "get /photo.jpg",
        "head /photo.jpg",
        "list prefix=p&max-keys=2",
        "list list-type=2&prefix=p",
        "GET /photo.jpg",
        "GET /photo.jpg",
        "GET /photo.jpg",
        "GET /photo.jpg",
        "GET /photo.jpg",
        "GET /photo.jpg",
    ];
    for (name, expected) in ALL.iter().zip(expected) {
        assert_eq!(read(&event(name)), expected, "{name}");
    }
}

/// Required fields.
const NEEDED: [&str; 14] = [
    "/getObjectContext",
    "/getObjectContext/inputS3Url",
    "/getObjectContext/outputRoute",
    "/getObjectContext/outputToken",
    "/headObjectContext",
    "/headObjectContext/inputS3Url",
    "/listObjectsContext",
    "/listObjectsContext/inputS3Url",
    "/listObjectsV2Context",
    "/listObjectsV2Context/inputS3Url",
    "/rawPath",
    "/path",
    "/httpMethod",
    "/requestContext",
];

#[test]
fn optional_fields_may_be_missing_or_null() {
    let mut tried = 0;
    for name in ALL {
        let whole = event(name);
        let kind = read(&whole).split(' ').next().unwrap().to_owned();
        let mut pointers = Vec::new();
        point(&whole, "", &mut pointers);
        for pointer in pointers.iter().filter(|pointer| !NEEDED.contains(&pointer.as_str())) {
            if pointer.starts_with("/requestContext/http") {
                continue;
            }
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let mut without = whole.clone();
            let fields = without.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            fields.insert(key.to_owned(), Value::Null);
            assert!(read(&without).starts_with(&kind), "{name}, {pointer} null: {}", read(&without));
            without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
            assert!(read(&without).starts_with(&kind), "{name}, no {pointer}: {}", read(&without));
            tried += 1;
        }
    }
    assert!(200 < tried, "only {tried} fields were tried");
}

#[test]
fn required_fields_are_required() {
    for name in ALL {
        for pointer in NEEDED {
            let mut event = event(name);
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let Some(fields) = event.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            if fields.remove(key).is_some() {
                assert!(read(&event).starts_with("error: "), "{name}, no {pointer}: {}", read(&event));
            }
        }
    }
}

/// Collects the paths of all fields below `value`.
fn point(value: &Value, at: &str, pointers: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        point(value, &path, pointers);
        pointers.push(path);
    }
}
