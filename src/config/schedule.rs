//! When passes run.

use std::time::Duration;

use super::key::Key;
use super::reader::Reader;
use crate::daemon::schedule::Schedule;
use crate::daemon::schedule::quiet::Quiet;
use crate::daemon::schedule::thrift::Thrift;
use crate::daemon::schedule::ticks::Ticks;
use crate::daemon::schedule::zone::Zone;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The settings of `[schedule]`; `config/default.toml` says what each means.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleSection {
    /// In which time zone times of the day are meant.
    pub zone: Zone,
    /// Time between incremental passes: the beat.
    pub interval: Duration,
    /// Time between complete passes: the slow beat.
    pub slow_interval: Duration,
    /// When incremental passes begin, instead of `interval`.
    pub cron: Option<Ticks>,
    /// When complete passes begin, instead of `slow_interval`.
    pub slow_cron: Option<Ticks>,
    /// When none begins.
    pub quiet: Quiet,
    /// Whether hints start one even then.
    pub hints_in_quiet: bool,
    /// How far each wait varies at random, as a share of it: 0 to 0.5.
    pub jitter: f64,
    /// When they are put off because a day's requests run low.
    pub thrift: Thrift,
    /// How long a stop may take.
    pub stop_within: Duration,
}

impl ScheduleSection {
    /// The beats.
    pub fn beats(&self) -> Schedule {
        Schedule::new(self.interval, self.slow_interval, self.jitter)
            .at(self.cron.clone(), self.slow_cron.clone())
            .resting(self.quiet.clone())
            .sparing(self.thrift)
    }
}

/// Reads `[schedule]`.
pub(super) fn read(reader: &mut Reader<'_>) -> ScheduleSection {
    let zone = zone(reader);
    let schedule = ScheduleSection {
        interval: reader.duration("schedule.interval", SECOND..=DAY),
        slow_interval: reader.duration("schedule.slow_interval", SECOND..=DAY * 30),
        cron: cron(reader, "schedule.cron", &zone),
        slow_cron: cron(reader, "schedule.slow_cron", &zone),
        quiet: quiet(reader, &zone),
        hints_in_quiet: reader.switch(&Key::of("schedule.hints_in_quiet")),
        jitter: reader.share("schedule.jitter", 0.0..=0.5),
        thrift: Thrift {
            below: reader.share("schedule.spare_below", 0.0..=0.9),
            factor: u32::try_from(reader.count("schedule.spare_factor", 2..=100)).unwrap_or(2),
        },
        stop_within: reader.duration("schedule.stop_within", SECOND..=HOUR),
        zone,
    };
    if schedule.slow_interval < schedule.interval {
        let mend = "make schedule.slow_interval at least schedule.interval";
        reader.refuse(&Key::of("schedule.slow_interval"), "complete passes would be the more frequent ones", mend);
    }
    schedule
}

fn zone(reader: &mut Reader<'_>) -> Zone {
    let wanted = "a name of the IANA time zone database, such as \"Europe/Warsaw\", or \"UTC\"";
    let name = reader.text_where("schedule.time_zone", wanted, |name| name.parse::<Zone>().is_ok());
    name.parse().unwrap_or(Zone::UTC)
}

fn cron(reader: &mut Reader<'_>, dotted: &str, zone: &Zone) -> Option<Ticks> {
    let text = reader.optional(dotted)?;
    match Ticks::parse(&text, zone.clone()) {
        Ok(ticks) => Some(ticks),
        Err(error) => {
            let mend = "write five fields, minute, hour, day of the month, month, day of the week, such as \"*/10 7-19 * * 1-5\"";
            reader.refuse(&Key::of(dotted), format!("`{text}` is no cron expression: {error}"), mend);
            None
        }
    }
}

fn quiet(reader: &mut Reader<'_>, zone: &Zone) -> Quiet {
    let key = Key::of("schedule.quiet");
    let texts = reader.texts(&key);
    Quiet::parse(&texts, zone.clone()).unwrap_or_else(|error| {
        let (message, mend) = error.split_once(": ").unwrap_or((&error, "mend the window"));
        reader.refuse(&key, message, mend);
        Quiet::NONE
    })
}
