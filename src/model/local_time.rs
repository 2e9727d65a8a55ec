//! Local times without an offset, as jobs have them: `2026-12-01T22:00`.

/// Reads year, month, day, hour, minute and second of a local time that the calendar has; no seconds are 0.
///
/// Whether the clocks leap over it depends on the zone.
pub fn local_time(text: &str) -> Option<[u16; 6]> {
    parts(text).filter(|[year, month, day, hour, minute, second]| {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u16::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(day) && *hour < 24 && *minute < 60 && *second < 60
    })
}

fn parts(local: &str) -> Option<[u16; 6]> {
    let (date, time) = local.split_once('T')?;
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (mut date, mut time) = (date.split('-'), time.split(':'));
    let read = [
        number(date.next()?, 4)?,
        number(date.next()?, 2)?,
        number(date.next()?, 2)?,
        number(time.next()?, 2)?,
        number(time.next()?, 2)?,
        time.next().map_or(Some(0), |second| number(second, 2))?,
    ];
    (date.next().is_none() && time.next().is_none()).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_one_of_the_calendar_without_an_offset() {
        for text in ["2026-12-01T22:00", "2028-02-29T00:00:59"] {
            assert!(local_time(text).is_some(), "{text}");
        }
        for text in [
            "",
            "2026-12-01",
            "2026-12-01T22:00Z",
            "2026-12-01T22:00+01:00",
            "2026-12-01 22:00",
            "2026-02-29T10:00",
            "2026-13-01T10:00",
            "2026-04-31T10:00",
            "2026-12-01T24:00",
            "2026-12-00T10:00",
            "26-12-01T10:00",
            "2026-12-01T10:60",
            "2026-12-01T1:00",
        ] {
            assert!(local_time(text).is_none(), "{text}");
        }
    }
}
