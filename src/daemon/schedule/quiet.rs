//! Quiet hours: windows in which no pass begins. Pure: time is an argument.

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc, Weekday,
};

use super::zone::Zone;

const WEEK: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// How many windows may follow each other without a gap, at most: more than the days of a fortnight is a week without one.
const IN_A_ROW: usize = 16;

/// Windows in which no pass begins, in the time of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    windows: Vec<Window>,
    zone: Zone,
}

/// A window of some days of the week. One that ends no later than it begins ends on the next day, and belongs to the day on
/// which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    days: Vec<Weekday>,
    from: NaiveTime,
    /// Midnight stands for the end of the day.
    to: NaiveTime,
}

impl Quiet {
    /// No quiet hours.
    pub const NONE: Self = Self { windows: Vec::new(), zone: Zone::UTC };

    /// Reads windows: `22:00-06:00`, `Sat-Sun 00:00-24:00`, `Mon,Wed 12:00-13:00`. Fails with the text that is none, and
    /// what is wrong with it.
    pub fn parse(texts: &[String], zone: Zone) -> Result<Self, String> {
        let windows = texts.iter().map(|text| {
            Window::parse(text)
                .ok_or_else(|| format!("`{text}` is no window: write it as \"22:00-06:00\" or \"Sat-Sun 00:00-24:00\""))
        });
        let quiet = Self { windows: windows.collect::<Result<_, _>>()?, zone };
        // Any moment does: windows that never end have no beginning either.
        let never_ends = quiet.until(DateTime::UNIX_EPOCH).is_some_and(|end| quiet.contains(end));
        if never_ends { Err("no pass would ever begin: leave a gap between the windows".to_owned()) } else { Ok(quiet) }
    }

    /// The end of the quiet hours that a moment lies in, of all that follow each other without a gap; `None` outside of any.
    pub fn until(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut end = None;
        for _ in 0..IN_A_ROW {
            let from = end.unwrap_or(moment);
            let Some(later) = self.windows.iter().filter_map(|window| window.end(from, &self.zone)).max() else {
                break;
            };
            end = Some(later);
        }
        end
    }

    /// Whether a moment lies in quiet hours.
    pub fn contains(&self, moment: DateTime<Utc>) -> bool {
        self.windows.iter().any(|window| window.end(moment, &self.zone).is_some())
    }
}

impl Window {
    fn parse(text: &str) -> Option<Self> {
        let (days, times) = match text.trim().rsplit_once(' ') {
            Some((days, times)) => (days_of(days)?, times),
            None => (WEEK.iter().map(|(_, day)| *day).collect(), text.trim()),
        };
        let (from, to) = times.split_once('-')?;
        let from = NaiveTime::parse_from_str(from, "%H:%M").ok()?;
        let to = if to == "24:00" { NaiveTime::MIN } else { NaiveTime::parse_from_str(to, "%H:%M").ok()? };
        // A window without length is a slip of the pen; a whole day is 00:00-24:00.
        let is_empty = from == to && from != NaiveTime::MIN || times == "00:00-00:00";
        (!is_empty).then_some(Self { days, from, to })
    }

    /// When the window that a moment lies in ends.
    fn end(&self, moment: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let today = moment.with_timezone(zone).date_naive();
        let begins = [today.pred_opt(), Some(today)];
        begins.into_iter().flatten().filter(|day| self.days.contains(&day.weekday())).find_map(|day| {
            let last = if self.to > self.from { day } else { day.checked_add_days(Days::new(1))? };
            let ((from, _), (_, to)) = (instants(day, self.from, zone)?, instants(last, self.to, zone)?);
            (from <= moment && moment < to).then_some(to)
        })
    }
}

/// `Mon-Fri`, `Sat`, `Mon,Wed,Fri-Sun`.
fn days_of(text: &str) -> Option<Vec<Weekday>> {
    let named = |word: &str| WEEK.iter().find(|(name, _)| word.trim().eq_ignore_ascii_case(name)).map(|(_, day)| *day);
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (named(first)?, named(last)?);
        days.push(day);
        while day != last {
            day = day.succ();
            days.push(day);
        }
    }
    Some(days)
}

/// The first and the last moment of a time of a day in a zone, of one that is left out the first after the gap: a window goes from the
/// first of its beginning to the last of its end, rather too long by an hour than too short.
fn instants(day: NaiveDate, time: NaiveTime, zone: &Zone) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut local = day.and_time(time);
    // Gaps are an hour long, nowhere longer than a day.
    for _ in 0..96 {
        match zone.from_local_datetime(&local).map(|at| at.with_timezone(&Utc)) {
            LocalResult::Single(at) => return Some((at, at)),
            LocalResult::Ambiguous(first, last) => return Some((first, last)),
            LocalResult::None => local += TimeDelta::minutes(15),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn quiet(windows: &[&str], zone: Zone) -> Quiet {
        let texts: Vec<String> = windows.iter().map(|&text| text.to_owned()).collect();
        Quiet::parse(&texts, zone).unwrap()
    }

    fn warsaw() -> Zone {
        "Europe/Warsaw".parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    // 24 November 2026 is a Tuesday.
    #[rstest]
    #[case::none(&[], Zone::UTC, "2026-11-24T23:00:00Z", None)]
    #[case::before(&["22:00-06:00"], Zone::UTC, "2026-11-24T21:59:59Z", None)]
    #[case::its_first_moment(&["22:00-06:00"], Zone::UTC, "2026-11-24T22:00:00Z", Some("2026-11-25T06:00:00Z"))]
    #[case::past_midnight(&["22:00-06:00"], Zone::UTC, "2026-11-25T05:59:59Z", Some("2026-11-25T06:00:00Z"))]
    #[case::its_end(&["22:00-06:00"], Zone::UTC, "2026-11-25T06:00:00Z", None)]
    #[case::in_its_zone(&["22:00-06:00"], warsaw(), "2026-11-24T21:00:00Z", Some("2026-11-25T05:00:00Z"))]
    #[case::another_day(&["Sat-Sun 00:00-24:00"], Zone::UTC, "2026-11-24T12:00:00Z", None)]
    #[case::two_days(&["Sat-Sun 00:00-24:00"], Zone::UTC, "2026-11-28T12:00:00Z", Some("2026-11-30T00:00:00Z"))]
    #[case::joined(&["Tue 20:00-24:00", "Wed 00:00-04:00"], Zone::UTC, "2026-11-24T21:00:00Z", Some("2026-11-25T04:00:00Z"))]
    #[case::overlapping(&["20:00-23:00", "22:00-23:30"], Zone::UTC, "2026-11-24T22:10:00Z", Some("2026-11-24T23:30:00Z"))]
    #[case::of_the_day_it_begins(&["Mon 22:00-06:00"], Zone::UTC, "2026-11-24T05:00:00Z", Some("2026-11-24T06:00:00Z"))]
    #[case::not_of_the_next(&["Tue 22:00-06:00"], Zone::UTC, "2026-11-24T05:00:00Z", None)]
    #[case::around_the_week(&["sun,Mon 23:00-01:00"], Zone::UTC, "2026-11-30T00:30:00Z", Some("2026-11-30T01:00:00Z"))]
    #[case::the_short_night(&["22:00-06:00"], warsaw(), "2026-03-28T22:00:00Z", Some("2026-03-29T04:00:00Z"))]
    #[case::an_end_left_out(&["22:00-02:30"], warsaw(), "2026-03-28T22:00:00Z", Some("2026-03-29T01:00:00Z"))]
    #[case::a_beginning_twice(&["02:00-06:00"], warsaw(), "2026-10-25T00:00:00Z", Some("2026-10-25T05:00:00Z"))]
    #[case::a_beginning_left_out(&["02:30-06:00"], warsaw(), "2026-03-29T01:00:00Z", Some("2026-03-29T04:00:00Z"))]
    #[case::an_end_twice(&["22:00-02:30"], warsaw(), "2026-10-24T22:00:00Z", Some("2026-10-25T01:30:00Z"))]
    fn quiet_hours_end(#[case] windows: &[&str], #[case] zone: Zone, #[case] moment: &str, #[case] end: Option<&str>) {
        let quiet = quiet(windows, zone);
        assert_eq!(quiet.until(at(moment)), end.map(at));
        assert_eq!(quiet.contains(at(moment)), end.is_some());
    }

    #[rstest]
    #[case::no_end("22:00")]
    #[case::no_time("22-06")]
    #[case::no_hour("22:00-25:00")]
    #[case::no_day("Caturday 10:00-11:00")]
    #[case::no_length("10:00-10:00")]
    #[case::no_length_at_midnight("00:00-00:00")]
    #[case::an_open_range("Mon- 10:00-11:00")]
    #[case::nothing("")]
    fn what_is_no_window_is_told(#[case] text: &str) {
        let error = Quiet::parse(&[text.to_owned()], Zone::UTC).unwrap_err();
        assert!(error.contains("is no window: write it as"), "{error}");
    }

    #[test]
    fn windows_without_a_gap_are_refused() {
        for all in [&["00:00-24:00"][..], &["06:00-18:00", "18:00-06:00"], &["Mon-Sun 12:00-11:00", "11:00-12:00"]] {
            let texts: Vec<String> = all.iter().map(|&text| text.to_owned()).collect();
            assert!(Quiet::parse(&texts, Zone::UTC).unwrap_err().contains("leave a gap"), "{all:?}");
        }
    }

    proptest! {
        #[test]
        fn an_end_is_outside_and_all_before_it_is_inside(
            minutes in 0_i64..1_000_000,
            first in 0_u32..24,
            hours in 1_u32..12,
            zone in 0_usize..2,
        ) {
            let window = format!("Mon-Fri {first:02}:30-{:02}:15", (first + hours) % 24);
            let quiet = quiet(&[&window, "Sun 10:00-11:00"], [Zone::UTC, warsaw()][zone].clone());
            let moment = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
            match quiet.until(moment) {
                None => prop_assert!(!quiet.contains(moment)),
                Some(end) => {
                    prop_assert!(end > moment && !quiet.contains(end));
                    let mut inside = moment;
                    while inside < end {
                        prop_assert!(quiet.contains(inside), "{inside}");
                        inside += TimeDelta::minutes(15);
                    }
                }
            }
        }
    }
}
