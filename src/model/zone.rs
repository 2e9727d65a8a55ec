//! A time zone as phones want to be told: an offset, and when daylight saving begins and ends.

use tz::timezone::{RuleDay, TransitionRule};

/// The rules of a time zone that hold from now on, out of the IANA time-zone database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Standard time, in minutes east of UTC.
    pub offset: i32,
    /// Minutes added to standard time while daylight saving holds; 0 where there is none.
    pub saving: i32,
    /// When daylight saving begins and ends, in local time before the change.
    pub changes: Option<(Change, Change)>,
    /// The rule as a POSIX TZ string (IEEE 1003.1, section 8.3).
    pub posix: String,
}

/// A yearly change of the clock: a weekday of a week of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 4, or 5 for the last week of the month.
    pub week: u8,
    /// 0 (Sunday) to 6.
    pub weekday: u8,
    /// Minutes after midnight, 0 to 1439.
    pub minute: u16,
}

impl Zone {
    /// Finds a zone by its name in the IANA database, like `Europe/Bucharest`; any case.
    pub fn find(name: &str) -> Option<Self> {
        let zone = tzdb::tz_by_name(name)?;
        let posix = posix_footer(tzdb::raw_tz_by_name(name)?)?.to_owned();
        match zone.extra_rule() {
            Some(TransitionRule::Alternate(rule)) => {
                let (standard, summer) = (rule.std().ut_offset() / 60, rule.dst().ut_offset() / 60);
                let start = change(rule.dst_start(), rule.dst_start_time());
                let end = change(rule.dst_end(), rule.dst_end_time());
                // Ireland's "summer" is its winter in the database; phones know only an hour ahead.
                let (offset, saving, start, end) = if summer >= standard {
                    (standard, summer - standard, start, end)
                } else {
                    (summer, standard - summer, end, start)
                };
                Some(Self { offset, saving, changes: start.zip(end), posix })
            }
            Some(TransitionRule::Fixed(fixed)) => {
                Some(Self { offset: fixed.ut_offset() / 60, saving: 0, changes: None, posix })
            }
            None => {
                let last = zone.local_time_types().last()?;
                Some(Self { offset: last.ut_offset() / 60, saving: 0, changes: None, posix })
            }
        }
    }
}

/// Gives the last line of a TZif file, which is a POSIX TZ string (RFC 8536, section 3.3).
fn posix_footer(file: &[u8]) -> Option<&str> {
    let file = file.strip_suffix(b"\n")?;
    let start = memchr::memrchr(b'\n', file)? + 1;
    std::str::from_utf8(&file[start..]).ok()
}

/// Turns a rule's day and seconds into a change; times outside the day move the weekday.
///
/// Jerusalem's "26 hours after the fourth Thursday" becomes the fourth Friday, which no phone can say better.
fn change(day: &RuleDay, seconds: i32) -> Option<Change> {
    let RuleDay::MonthWeekDay(day) = day else {
        return None;
    };
    let weekday = (i32::from(day.week_day()) + seconds.div_euclid(86_400)).rem_euclid(7);
    Some(Change {
        month: day.month(),
        week: day.week(),
        weekday: u8::try_from(weekday).ok()?,
        minute: u16::try_from(seconds.rem_euclid(86_400) / 60).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_with_daylight_saving_tells_both_changes() {
        let zone = Zone::find("Europe/Bucharest").unwrap();
        assert_eq!((zone.offset, zone.saving), (120, 60));
        let start = Change { month: 3, week: 5, weekday: 0, minute: 180 };
        let end = Change { month: 10, week: 5, weekday: 0, minute: 240 };
        assert_eq!(zone.changes, Some((start, end)));
        assert_eq!(zone.posix, "EET-2EEST,M3.5.0/3,M10.5.0/4");
    }

    #[test]
    fn zones_west_of_greenwich_have_negative_offsets() {
        let zone = Zone::find("America/New_York").unwrap();
        assert_eq!((zone.offset, zone.saving), (-300, 60));
        assert_eq!(zone.changes.map(|(start, _)| start.week), Some(2));
    }

    #[test]
    fn ireland_is_an_hour_ahead_in_summer() {
        let zone = Zone::find("Europe/Dublin").unwrap();
        assert_eq!((zone.offset, zone.saving), (0, 60));
        assert_eq!(zone.changes.map(|(start, end)| (start.month, end.month)), Some((3, 10)));
    }

    #[test]
    fn a_zone_without_daylight_saving_has_no_changes() {
        for (name, offset) in [("UTC", 0), ("Asia/Kolkata", 330), ("Asia/Tokyo", 540), ("Etc/GMT+5", -300)] {
            let zone = Zone::find(name).unwrap();
            assert_eq!((zone.offset, zone.saving, zone.changes), (offset, 0, None), "{name}");
        }
        assert_eq!(Zone::find("Europe/Bukarest"), None);
    }

    #[test]
    fn a_change_after_midnight_of_the_next_day_moves_the_weekday() {
        let zone = Zone::find("Asia/Jerusalem").unwrap();
        let start = Change { month: 3, week: 4, weekday: 5, minute: 120 };
        assert_eq!(zone.changes.map(|(start, _)| start), Some(start));
    }
}
