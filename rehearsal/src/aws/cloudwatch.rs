//! CloudWatch: finding metrics and reading them. Metric math is not simulated.

use serde_json::{Value, json};

use super::{Context, Service, input::Input, unknown_operation};
use crate::simulation::{
    Simulation,
    metrics::Metric,
    refusal::{Refusal, Result},
};

/// Longest span that one call may read, in minutes.
const MINUTES: i64 = 24 * 60;

pub(super) fn call(
    simulation: &mut Simulation,
    context: &Context<'_>,
    operation: &str,
    input: Input<'_>,
) -> Result<Value> {
    match operation {
        "ListMetrics" => Ok(list_metrics(simulation, context, input)),
        "GetMetricData" => get_metric_data(simulation, context, input),
        _ => Err(unknown_operation(Service::CloudWatch, operation)),
    }
}

fn list_metrics(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Value {
    let (namespace, name) = (input.text("Namespace"), input.text("MetricName"));
    // A dimension filter may have a value or stand for any.
    let dimension = |metric: &Metric, filter: Input<'_>| {
        let value = filter.text("Name").and_then(|name| metric.dimensions.get(name));
        value.is_some_and(|value| filter.text("Value").is_none_or(|wanted| wanted == value))
    };
    let found: Vec<Value> = simulation
        .metrics(context.region)
        .iter()
        .filter(|metric| namespace.is_none_or(|wanted| wanted == metric.namespace))
        .filter(|metric| name.is_none_or(|wanted| wanted == metric.name))
        .filter(|metric| input.list("Dimensions").all(|filter| dimension(metric, filter)))
        .map(|metric| {
            let dimensions: Vec<Value> =
                metric.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            json!({"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions})
        })
        .collect();
    json!({"Metrics": found})
}

fn get_metric_data(simulation: &Simulation, context: &Context<'_>, input: Input<'_>) -> Result<Value> {
    let (Some(start), Some(end)) = (input.seconds("StartTime"), input.seconds("EndTime")) else {
        return Err(validation("StartTime and EndTime are required"));
    };
    if start >= end {
        return Err(validation("The parameter StartTime must be less than the parameter EndTime"));
    }
    let metrics = simulation.metrics(context.region);
    let ascending = input.text("ScanBy") == Some("TimestampAscending");
    let results = input
        .list("MetricDataQueries")
        .map(|query| {
            let mut points = series(simulation, &metrics, query, (start, end))?;
            if !ascending {
                points.reverse();
            }
            let (timestamps, values): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            Ok(json!({
                "Id": query.required("Id")?,
                "Label": query.text("Label").or(metric_of(query).and_then(|metric| metric.text("MetricName"))),
                "Timestamps": timestamps,
                "Values": values,
                "StatusCode": "Complete",
            }))
        })
        .collect::<Result<Vec<Value>>>()?;
    Ok(json!({"MetricDataResults": results, "Messages": []}))
}

fn metric_of(query: Input<'_>) -> Option<Input<'_>> {
    query.structure("MetricStat")?.structure("Metric")
}

/// Datapoints of one query, oldest first: begin of the period, and the statistic over its minutes.
fn series(
    simulation: &Simulation,
    metrics: &[Metric],
    query: Input<'_>,
    (start, end): (i64, i64),
) -> Result<Vec<(f64, f64)>> {
    let stat =
        query.structure("MetricStat").ok_or_else(|| validation("only queries with a MetricStat are simulated"))?;
    let wanted = metric_of(query).ok_or_else(|| validation("MetricStat has no Metric"))?;
    let period = i64::from(stat.number("Period")?.unwrap_or(60));
    if period < 60 || period % 60 != 0 {
        return Err(validation("Period must be a multiple of 60"));
    }
    let statistic = statistic(stat.required("Stat")?)?;
    let Some(metric) = metrics.iter().find(|metric| is_same(metric, wanted)) else { return Ok(Vec::new()) };
    let earliest = start.max(end - MINUTES * 60);
    let first = earliest.div_euclid(period) * period;
    let periods = (first..end).step_by(period as usize);
    Ok(periods
        .filter_map(|begin| {
            let minutes = (begin..begin + period).step_by(60);
            let values: Vec<f64> = minutes.filter_map(|minute| simulation.datapoint(metric, minute)).collect();
            (!values.is_empty()).then(|| (begin as f64, statistic(&values)))
        })
        .collect())
}

/// Dimensions have to be the same exactly, as in CloudWatch.
fn is_same(metric: &Metric, wanted: Input<'_>) -> bool {
    let dimensions: Vec<Input<'_>> = wanted.list("Dimensions").collect();
    let matches = |dimension: &Input<'_>| {
        let value = dimension.text("Name").and_then(|name| metric.dimensions.get(name));
        value.map(String::as_str) == dimension.text("Value")
    };
    wanted.text("Namespace") == Some(metric.namespace)
        && wanted.text("MetricName") == Some(metric.name)
        && dimensions.len() == metric.dimensions.len()
        && dimensions.iter().all(matches)
}

type Statistic = fn(&[f64]) -> f64;

fn statistic(name: &str) -> Result<Statistic> {
    Ok(match name {
        "Average" => |values| values.iter().sum::<f64>() / values.len() as f64,
        "Sum" => |values| values.iter().sum(),
        "Maximum" => |values| values.iter().copied().fold(f64::MIN, f64::max),
        "Minimum" => |values| values.iter().copied().fold(f64::MAX, f64::min),
        "SampleCount" => |values| values.len() as f64,
        other => return Err(validation(&format!("statistic {other} is not simulated"))),
    })
}

fn validation(message: &str) -> Refusal {
    Refusal::invalid("ValidationError", message)
}
