//! When a run begins that is ordered for later: a local time and a time zone, as an instant.
//!
//! The rule at the changes of daylight saving: a time that the clocks leap over is refused, with the first one behind
//! it; of a time that comes twice it is the first, and the run says so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tz::DateTime;
use tz::datetime::FoundDateTimeKind;

use crate::model::local_time;
use crate::operation::{Code, Problem};

/// Furthest that a run can be ordered for.
const FURTHEST: Duration = Duration::from_secs(366 * 86_400);

/// The zone of a time that names none.
const USUAL_ZONE: &str = "UTC";

/// When a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    /// The instant.
    pub(super) at: SystemTime,
    /// The zone, by its name in the database as it is written there.
    pub(super) zone: String,
    /// What the runner should know of it.
    pub(super) remark: Option<String>,
}

/// Finds the instant of a local time (`2026-12-01T22:00`) in a zone; UTC where none is named.
///
/// # Errors
/// The time or the zone makes no sense, the clocks leap over the time, or it is past or more than a year ahead.
pub(super) fn due(local: &str, zone: Option<&str>, now: SystemTime) -> Result<Due, Problem> {
    let named = zone.unwrap_or(USUAL_ZONE);
    let invalid = |field: &str, message: String| Problem::new(Code::Invalid, message).of_field(field);
    let place = tzdb::tz_by_name(named).ok_or_else(|| {
        let cure = "name one of the time-zone database, like `Europe/Bucharest`";
        invalid("time-zone", format!("there is no time zone `{}`; {cure}", named.escape_debug()))
    })?;
    let no_time = || {
        let message =
            format!("`{}` is no local time; write one like `2026-12-01T22:00`", local.escape_debug());
        invalid("start-at", message)
    };
    let [year, month, day, hour, minute, second] = local_time(local).ok_or_else(no_time)?;
    let small = |part: u16| u8::try_from(part).map_err(|_| no_time());
    let (month, day, hour) = (small(month)?, small(day)?, small(hour)?);
    let (minute, second) = (small(minute)?, small(second)?);
    let mut found = [None; 2];
    let found = DateTime::find_n(&mut found, i32::from(year), month, day, hour, minute, second, 0, place);
    let found: Vec<FoundDateTimeKind> =
        found.map_err(|_| no_time())?.data().iter().copied().flatten().collect();
    let mut remark = None;
    let first = match found.as_slice() {
        [] => return Err(no_time()),
        [FoundDateTimeKind::Skipped { after_transition, .. }, ..] => {
            let next = written(after_transition);
            let message = format!(
                "{local} does not exist in {named}, as the clocks leap over it; the next time is {next}"
            );
            return Err(invalid("start-at", message));
        }
        [FoundDateTimeKind::Normal(first), rest @ ..] => {
            if !rest.is_empty() {
                remark = Some(format!(
                    "{local} comes twice in {named}, as the clocks are set back; it is the first of them"
                ));
            }
            first
        }
    };
    let at = u64::try_from(first.unix_time()).ok().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let at = at.filter(|at| *at >= now).ok_or_else(|| {
        invalid(
            "start-at",
            format!("{local} in {named} is past; name a time to come, or none to begin at once"),
        )
    })?;
    if at > now + FURTHEST {
        let message = format!("{local} in {named} is more than a year ahead; name a time within a year");
        return Err(invalid("start-at", message));
    }
    Ok(Due { at, zone: named.to_owned(), remark })
}

/// Writes a local time as it is read.
fn written(time: &DateTime) -> String {
    let (year, month, day) = (time.year(), time.month(), time.month_day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}", time.hour(), time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        humantime::parse_rfc3339(text).unwrap()
    }

    fn told(local: &str, zone: &str) -> Result<String, String> {
        let due = due(local, Some(zone), at("2026-01-01T00:00:00Z")).map_err(|problem| problem.message)?;
        Ok(humantime::format_rfc3339_seconds(due.at).to_string())
    }

    #[test]
    fn a_local_time_is_an_instant_by_its_zone() {
        assert_eq!(told("2026-12-01T22:00", "Europe/Bucharest").unwrap(), "2026-12-01T20:00:00Z");
        assert_eq!(told("2026-07-01T22:00", "Europe/Bucharest").unwrap(), "2026-07-01T19:00:00Z");
        assert_eq!(told("2026-07-01T22:00:30", "UTC").unwrap(), "2026-07-01T22:00:30Z");
        assert_eq!(told("2026-07-01T22:00", "America/New_York").unwrap(), "2026-07-02T02:00:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_leap_over_is_refused_with_the_next_one() {
        let message = told("2026-03-29T03:30", "Europe/Bucharest").unwrap_err();
        assert!(message.contains("the next time is 2026-03-29T04:00"), "{message}");
    }

    #[test]
    fn of_a_time_that_comes_twice_it_is_the_first_and_that_is_said() {
        let due = due("2026-10-25T03:30", Some("Europe/Bucharest"), at("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(due.at, at("2026-10-25T00:30:00Z"));
        assert!(due.remark.unwrap().contains("comes twice"));
    }

    #[test]
    fn what_is_no_time_or_past_or_too_far_is_refused() {
        for (local, zone, part) in [
            ("2026-02-30T10:00", "UTC", "no local time"),
            ("2026-2-3T10:00", "UTC", "no local time"),
            ("2026-02-03 10:00", "UTC", "no local time"),
            ("2026-02-03T10:00Z", "UTC", "no local time"),
            ("2026-02-03T10:00:00:00", "UTC", "no local time"),
            ("2025-12-31T23:59", "UTC", "is past"),
            ("2027-01-03T00:00", "UTC", "more than a year"),
            ("2026-02-03T10:00", "Europe/Bukarest", "no time zone"),
        ] {
            let message = told(local, zone).unwrap_err();
            assert!(message.contains(part), "{local} {zone}: {message}");
        }
    }
}
