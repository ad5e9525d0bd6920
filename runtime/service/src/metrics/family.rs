//! The series of one metric, by the value of its label.

use super::Metric;
use metrics::{Counter, Gauge, Histogram, Recorder, SharedString};

/// A series: a counter, a gauge or a histogram.
pub trait Series {
    /// Returns a series that nothing records.
    fn noop() -> Self;

    /// Registers the series of `metric` whose label has this value.
    fn register(metric: &Metric, recorder: &dyn Recorder, value: Option<SharedString>) -> Self;
}

macro_rules! series {
    ($type:ident, $register:ident) => {
        impl Series for $type {
            fn noop() -> Self {
                $type::noop()
            }

            fn register(metric: &Metric, recorder: &dyn Recorder, value: Option<SharedString>) -> Self {
                recorder.$register(&metric.key(value), &super::table::METADATA)
            }
        }
    };
}

series!(Counter, register_counter);
series!(Gauge, register_gauge);
series!(Histogram, register_histogram);

/// The series of a metric with a label.
#[derive(Debug)]
pub struct Family<S> {
    series: Vec<(SharedString, S)>,
    noop: S,
}

impl<S: Series> Family<S> {
    /// Registers a series for each of `values`.
    pub fn new(
        recorder: &dyn Recorder,
        metric: &Metric,
        values: impl IntoIterator<Item = impl Into<SharedString>>,
    ) -> Self {
        metric.describe(recorder);
        let series = |value: SharedString| (value.clone(), S::register(metric, recorder, Some(value)));
        Self { series: values.into_iter().map(Into::into).map(series).collect(), noop: S::noop() }
    }

    /// Returns the series for a value. One that was not registered is recorded nowhere.
    pub fn of(&self, value: &str) -> &S {
        self.find(value).unwrap_or(&self.noop)
    }

    /// Returns the series for a value, or the one for `other`.
    pub fn or_other(&self, value: &str, other: &str) -> &S {
        self.find(value).unwrap_or_else(|| self.of(other))
    }

    fn find(&self, value: &str) -> Option<&S> {
        // A family has a few dozen series: a hash would take as long.
        self.series.iter().find(|(own, _)| **own == *value).map(|(_, series)| series)
    }
}
