//! `[[retry]]`: how patient each class is.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::backoff::{RetryPolicy, Schedule};
use slugline_core::item::Class;
use slugline_core::time::parse_duration;

use super::complaints::Place;
use super::section::Section;

/// Attempts of one job; with a cap of five minutes, a thousand take three days.
const MAX_ATTEMPTS: u64 = 1_000;
/// Spread of a listed schedule unless told otherwise: ±20 %.
const JITTER: f64 = 0.2;

/// Each class's policy: its default until configured.
pub(super) fn defaults() -> BTreeMap<Class, RetryPolicy> {
    let policy = |class| (class, RetryPolicy::default_for(class));
    Class::ALL.into_iter().map(policy).collect()
}

pub(super) fn read(mut section: Section<'_, '_>) -> Option<(Class, RetryPolicy, Place)> {
    section.need("class", "\"standard\"");
    let class = section.take::<Class>("class");
    let usual =
        RetryPolicy::default_for(class.as_ref().map_or(Class::Standard, |(class, _)| *class));
    let attempts = section.number("max_attempts", 1, MAX_ATTEMPTS);
    let deadline = section.read("deadline", parse_duration);
    let schedule = schedule(&mut section, usual.schedule);
    section.finish();
    let (class, place) = class?;
    let policy = RetryPolicy {
        schedule,
        max_attempts: attempts
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(usual.max_attempts),
        deadline: deadline.map_or(usual.deadline, |(deadline, _)| deadline),
    };
    Some((class, policy, place))
}

/// Either `base` and `cap`, or `schedule` and `jitter`.
fn schedule(section: &mut Section<'_, '_>, usual: Schedule) -> Schedule {
    let base = section.read("base", parse_duration);
    let cap = section.read("cap", parse_duration);
    let listed = section.take::<Vec<String>>("schedule");
    let jitter = section.take::<f64>("jitter");
    match listed {
        Some((_, place)) if base.is_some() || cap.is_some() => {
            let why = "gives the delays itself; leave base and cap out, or the schedule";
            section.complain(place, "schedule", why);
            usual
        }
        Some((texts, place)) => Schedule::Listed {
            delays: delays(section, &texts, &place),
            jitter: ratio(section, jitter),
        },
        None => full_jitter(usual, base, cap),
    }
}

fn full_jitter(
    usual: Schedule,
    base: Option<(Duration, Place)>,
    cap: Option<(Duration, Place)>,
) -> Schedule {
    match usual {
        Schedule::FullJitter {
            base: usual_base,
            cap: usual_cap,
        } => Schedule::FullJitter {
            base: base.map_or(usual_base, |(base, _)| base),
            cap: cap.map_or(usual_cap, |(cap, _)| cap),
        },
        listed @ Schedule::Listed { .. } => listed,
    }
}

fn delays(section: &mut Section<'_, '_>, texts: &[String], place: &Place) -> Vec<Duration> {
    if texts.is_empty() {
        section.complain(place.clone(), "schedule", "needs at least one delay");
    }
    let mut delays = Vec::new();
    for text in texts {
        match parse_duration(text) {
            Ok(delay) => delays.push(delay),
            Err(why) => section.complain(place.clone(), "schedule", &why),
        }
    }
    delays
}

fn ratio(section: &mut Section<'_, '_>, jitter: Option<(f64, Place)>) -> f64 {
    match jitter {
        Some((ratio, _)) if (0.0..=1.0).contains(&ratio) => ratio,
        Some((ratio, place)) => {
            let why = format!("must lie between 0 and 1, is {ratio}");
            section.complain(place, "jitter", &why);
            JITTER
        }
        None => JITTER,
    }
}
