//! Metrics in the embedded format of CloudWatch: a line of JSON for each request, from its line in the log.

use safelight_service::log::REQUEST;
use serde_json::{Map, Value, json};
use std::{
    fmt::Debug,
    io::{Write, stdout},
    time::SystemTime,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Converts log lines about requests to metrics.
pub(crate) struct Metrics {
    function: String,
}

impl Metrics {
    /// Returns the metrics of the function that the environment names.
    pub(crate) fn from_env() -> Self {
        Self { function: std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default() }
    }

    /// Returns the line for the log line with `fields`.
    fn line(&self, fields: &Map<String, Value>, millis: u128) -> Value {
        let number = |name: &str| fields.get(name).and_then(Value::as_f64).unwrap_or_default();
        let kind = fields.get("kind").and_then(Value::as_str);
        // An incomplete or rejected response saves no bytes.
        let is_whole = kind.is_none() && fields.get("complete") == Some(&Value::Bool(true));
        let saved = if is_whole { (number("read") - number("sent")).max(0.0) } else { 0.0 };
        let metric = |name: &str, unit: &str| json!({ "Name": name, "Unit": unit });
        let mut directives = vec![json!({
            "Namespace": "Safelight",
            "Dimensions": [["FunctionName"]],
            "Metrics": [
                metric("Requests", "Count"), metric("BytesIn", "Bytes"), metric("BytesOut", "Bytes"),
                metric("BytesSaved", "Bytes"), metric("DecodeTime", "Milliseconds"),
                metric("Duration", "Milliseconds"),
            ],
        })];
        let mut line = json!({
            "FunctionName": self.function,
            "Requests": 1,
            "BytesIn": number("read"),
            "BytesOut": number("sent"),
            "BytesSaved": saved,
            "DecodeTime": number("work_ms"),
            "Duration": number("ms"),
        });
        if let Some(kind) = kind {
            directives.push(json!({
                "Namespace": "Safelight",
                "Dimensions": [["FunctionName"], ["FunctionName", "Kind"]],
                "Metrics": [metric("Errors", "Count")],
            }));
            line["Kind"] = kind.into();
            line["Errors"] = 1.into();
        }
        line["_aws"] = json!({ "Timestamp": millis as u64, "CloudWatchMetrics": directives });
        line
    }
}

impl<S: Subscriber> Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.0.get("message").and_then(Value::as_str) != Some(REQUEST) {
            return;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // A request must not fail because its metric cannot be written.
        let _ = writeln!(stdout().lock(), "{}", self.line(&fields.0, now.as_millis()));
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fields: Value) -> Value {
        let Value::Object(fields) = fields else { panic!("no object") };
        Metrics { function: "pictures".to_owned() }.line(&fields, 1000)
    }

    #[test]
    fn every_declared_metric_has_a_value() {
        for fields in [
            json!({ "read": 1000, "sent": 400, "complete": true, "work_ms": 1.5, "ms": 3.0 }),
            json!({ "read": 0, "sent": 0, "complete": true, "kind": "not-found", "ms": 3.0 }),
        ] {
            let line = line(fields);
            assert_eq!(line["_aws"]["Timestamp"], 1000);
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                for metric in directive["Metrics"].as_array().unwrap() {
                    assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {line}");
                }
                for name in
                    directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
                {
                    assert!(line[name.as_str().unwrap()].is_string(), "{name} in {line}");
                }
            }
        }
    }

    #[test]
    fn only_a_whole_response_saves_bytes() {
        let saved = |fields| line(fields)["BytesSaved"].to_string();
        assert_eq!(saved(json!({ "read": 1000, "sent": 400, "complete": true })), "600.0");
        assert_eq!(saved(json!({ "read": 1000, "sent": 400, "complete": false })), "0.0");
        assert_eq!(saved(json!({ "read": 400, "sent": 1000, "complete": true })), "0.0");
        assert_eq!(saved(json!({ "read": 1000, "sent": 4, "complete": true, "kind": "corrupt" })), "0.0");
    }
}
