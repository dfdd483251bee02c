//! Request budgets: true sliding windows, lanes, a daily quota with a reserve, and pauses that a server asks for.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{ErrorKind, PortError};
use crate::clock::Clock;

/// For how long a server's word on what is left of the day is believed. Days begin at another hour elsewhere, so that a
/// quota that is used up is asked about again from time to time.
const BELIEF: Duration = Duration::from_hours(1);

/// At most `limit` requests in any stretch of time as long as `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Requests; at least 1 is always let through.
    pub limit: usize,
    /// The length of the window.
    pub period: Duration,
}

/// For how long a request waits for its turn at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// For any window, however long; for a pause that a server asked for this long.
    Pause(Duration),
    /// This long for whatever it is: what it relies on grows old meanwhile.
    Turn(Duration),
}

/// What an account may be asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BudgetSettings {
    /// Windows over all requests.
    pub windows: Vec<Window>,
    /// Further windows over the requests of one lane.
    pub lanes: BTreeMap<&'static str, Vec<Window>>,
    /// Requests a day, the firm's other tools included; `None` where there is no such quota.
    pub daily: Option<u64>,
    /// Requests a day that are ours at most, whatever is left of the account's; `None` where only that counts.
    pub own_daily: Option<u64>,
    /// The share of the daily quota (0 to 1) that is left to the firm's other tools.
    pub reserve_share: f64,
    /// Requests under way at once; 0 for any number.
    pub concurrent: usize,
}

/// The budget of one account.
pub struct Budget {
    clock: Option<Arc<dyn Clock>>,
    settings: BudgetSettings,
    /// What a request of a lane takes of the daily quota, where that is not 1.
    costs: BTreeMap<&'static str, u64>,
    /// Whoever waits for a window holds the gate of its lane, so that those behind it stay in order.
    gates: BTreeMap<Option<&'static str>, tokio::sync::Mutex<()>>,
    slots: Option<Arc<Semaphore>>,
    state: Mutex<State>,
}

/// The right to send one request, held until its reply is complete.
#[derive(Debug)]
pub struct Permit {
    _slot: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Default)]
struct State {
    common: Vec<Slide>,
    lanes: BTreeMap<&'static str, Vec<Slide>>,
    pause_until: Duration,
    /// When the turn would have come of a request that did not wait for it, if none that is as impatient was sent since.
    missed: Option<Duration>,
    day: Day,
}

/// Until when a request waits at the latest.
#[derive(Debug, Clone, Copy)]
struct Latest {
    pause: Duration,
    turn: Option<Duration>,
}

/// The last grants of one window, oldest first, never more than its limit.
#[derive(Debug)]
struct Slide {
    window: Window,
    grants: VecDeque<Duration>,
}

/// What was used of the day's quota.
#[derive(Debug, Default)]
struct Day {
    date: chrono::NaiveDate,
    used: u64,
    learned: Option<Learned>,
}

#[derive(Debug, Clone, Copy)]
struct Learned {
    remaining: u64,
    at: Duration,
}

impl Budget {
    /// A budget that waits by `clock`.
    pub fn new(clock: Arc<dyn Clock>, settings: BudgetSettings) -> Self {
        Self::build(Some(clock), settings)
    }

    /// A budget without limits; pauses that a server asks for are kept.
    pub fn unlimited(clock: Arc<dyn Clock>) -> Self {
        Self::build(Some(clock), BudgetSettings::default())
    }

    /// The same budget for a system whose daily quota is no count of requests: what a request of each lane takes of it. A lane
    /// needs no window of its own to have a cost.
    #[must_use]
    pub fn with_costs(mut self, costs: BTreeMap<&'static str, u64>) -> Self {
        self.costs = costs;
        self
    }

    /// Waits until a request in `lane` may be sent, however long that takes. Fails with [`ErrorKind::Quota`] when the day's
    /// quota, less the reserve, is used up.
    pub async fn permit(&self, lane: Option<&'static str>) -> Result<Permit, PortError> {
        self.permit_within(lane, Patience::Pause(Duration::MAX)).await
    }

    /// The same, with an end to waiting: fails at once with [`ErrorKind::RateLimited`], and `retry_after` what is left to wait,
    /// where that is longer than `patience`.
    ///
    /// A window that is so narrow that what goes before a request uses it up would never let the impatient one through. So
    /// the first that finds no turn in time fails, and the next, if no other was sent in between, waits for one window more.
    pub async fn permit_within(&self, lane: Option<&'static str>, patience: Patience) -> Result<Permit, PortError> {
        let known = lane.filter(|lane| self.settings.lanes.contains_key(lane));
        let latest = self.clock.as_ref().map(|clock| self.state().latest(patience, clock.elapsed()));
        // The gate comes first, so that of all who wait for a window only one a lane holds a slot.
        let _turn = match self.gates.get(&known) {
            Some(gate) => Some(gate.lock().await),
            None => None,
        };
        let slot = match &self.slots {
            // The semaphore is never closed, so there is always a permit.
            Some(slots) => slots.clone().acquire_owned().await.ok(),
            None => None,
        };
        let Some((clock, latest)) = self.clock.as_ref().zip(latest) else { return Ok(Permit { _slot: slot }) };
        let cost = lane.and_then(|lane| self.costs.get(lane)).copied().unwrap_or(1);
        loop {
            let wait = self.state().take(known, cost, clock.elapsed(), clock.now(), latest, &self.settings)?;
            if wait.is_zero() {
                return Ok(Permit { _slot: slot });
            }
            clock.sleep(wait).await;
        }
    }

    /// Whether a write that was handed over at `began` may set out now: what was read for it meanwhile may take `longest`. Here too
    /// the first that is late while a window is full fails, and the next goes through.
    pub fn in_time(&self, began: Duration, longest: Duration) -> Result<(), PortError> {
        self.clock.as_ref().map_or(Ok(()), |clock| self.state().in_time(began, clock.elapsed(), longest))
    }

    /// Takes in what a reply says: requests left of the day, and for how long nothing is to be sent.
    pub fn learn(&self, remaining_daily: Option<u64>, pause: Option<Duration>) {
        let Some(clock) = &self.clock else { return };
        let now = clock.elapsed();
        let mut state = self.state();
        if let Some(remaining) = remaining_daily {
            state.day.turn(clock.now());
            state.day.learned = Some(Learned { remaining, at: now });
        }
        if let Some(pause) = pause {
            state.pause_until = state.pause_until.max(now.saturating_add(pause));
        }
    }

    /// What is left of the day's quota, as far as it is known, the reserve included; `None` where there is no quota.
    pub fn left(&self) -> Option<u64> {
        let clock = self.clock.as_ref()?;
        let mut state = self.state();
        state.day.turn(clock.now());
        state.day.left(&self.settings)
    }

    /// The same as a share (0 to 1) of the day's quota; `None` where either is not known.
    #[expect(clippy::cast_precision_loss, reason = "a share of a count of requests")]
    pub fn share_left(&self) -> Option<f64> {
        let daily = self.settings.daily.filter(|daily| *daily > 0)?;
        Some((self.left()? as f64 / daily as f64).clamp(0.0, 1.0))
    }

    /// The same budget, waiting by `clock` if it had none.
    pub(super) fn with_clock(mut self, clock: &Arc<dyn Clock>) -> Self {
        self.clock.get_or_insert_with(|| clock.clone());
        self
    }

    fn build(clock: Option<Arc<dyn Clock>>, settings: BudgetSettings) -> Self {
        let slides = |windows: &Vec<Window>| windows.iter().copied().map(Slide::new).collect::<Vec<_>>();
        let state = State {
            common: slides(&settings.windows),
            lanes: settings.lanes.iter().map(|(lane, windows)| (*lane, slides(windows))).collect(),
            ..State::default()
        };
        let gates = settings.lanes.keys().map(|lane| Some(*lane)).chain([None]);
        Self {
            gates: gates.map(|lane| (lane, tokio::sync::Mutex::new(()))).collect(),
            slots: (settings.concurrent > 0).then(|| Arc::new(Semaphore::new(settings.concurrent))),
            state: Mutex::new(state),
            clock,
            settings,
            costs: BTreeMap::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Budget {
    /// Without limits, and without a clock of its own until a client takes it.
    fn default() -> Self {
        Self::build(None, BudgetSettings::default())
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl State {
    /// Until when one that asks now waits.
    fn latest(&self, patience: Patience, now: Duration) -> Latest {
        match patience {
            Patience::Pause(longest) => Latest { pause: now.saturating_add(longest), turn: None },
            Patience::Turn(longest) => {
                let pause = now.saturating_add(longest);
                let widest =
                    self.common.iter().chain(self.lanes.values().flatten()).map(|slide| slide.window.period).max();
                let more = widest.filter(|_| self.has_missed(now)).unwrap_or_default();
                Latest { pause, turn: Some(now.saturating_add(longest.max(more))) }
            }
        }
    }

    fn has_missed(&self, now: Duration) -> bool {
        self.missed.is_some_and(|missed| missed <= now)
    }

    fn in_time(&mut self, began: Duration, now: Duration, longest: Duration) -> Result<(), PortError> {
        if now.saturating_sub(began) <= longest || self.has_missed(began) {
            return Ok(());
        }
        let free = self.common.iter().map(Slide::free_at).max().unwrap_or_default();
        if free > began {
            self.missed = Some(now);
        }
        Err(PortError::belated(free.saturating_sub(now)))
    }

    /// Counts a request that is sent now and says zero, or says how long to wait before asking again.
    fn take(
        &mut self,
        lane: Option<&'static str>,
        cost: u64,
        now: Duration,
        date: DateTime<Utc>,
        latest: Latest,
        settings: &BudgetSettings,
    ) -> Result<Duration, PortError> {
        self.day.check(cost, now, date, settings)?;
        let mut slides: Vec<&mut Slide> = self.common.iter_mut().collect();
        if let Some(own) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
            slides.extend(own);
        }
        let windows = slides.iter().map(|slide| slide.free_at()).fold(now, Duration::max);
        let free = windows.max(self.pause_until);
        let rest = free.saturating_sub(now);
        if latest.turn.is_some_and(|turn| windows > turn) {
            self.missed = Some(windows);
            return Err(PortError::belated(rest));
        }
        if self.pause_until > now.max(latest.pause) {
            return Err(if latest.turn.is_some() { PortError::belated(rest) } else { paused(rest) });
        }
        if free > now {
            return Ok(rest);
        }
        for slide in slides {
            slide.grant(now);
        }
        if latest.turn.is_some() {
            self.missed = None;
        }
        self.day.count(cost);
        Ok(Duration::ZERO)
    }
}

impl Slide {
    fn new(window: Window) -> Self {
        Self { window: Window { limit: window.limit.max(1), ..window }, grants: VecDeque::new() }
    }

    /// When the next request may be sent: a full window later than the one `limit` requests before it.
    fn free_at(&self) -> Duration {
        match self.grants.front() {
            Some(oldest) if self.grants.len() >= self.window.limit => oldest.saturating_add(self.window.period),
            Some(_) | None => Duration::ZERO,
        }
    }

    fn grant(&mut self, now: Duration) {
        if self.grants.len() >= self.window.limit {
            self.grants.pop_front();
        }
        self.grants.push_back(now);
    }
}

impl Day {
    /// Begins anew if another day has begun.
    fn turn(&mut self, date: DateTime<Utc>) {
        if self.date != date.date_naive() {
            *self = Self { date: date.date_naive(), ..Self::default() };
        }
    }

    fn check(
        &mut self,
        cost: u64,
        now: Duration,
        date: DateTime<Utc>,
        settings: &BudgetSettings,
    ) -> Result<(), PortError> {
        self.turn(date);
        self.learned = self.learned.filter(|learned| now.saturating_sub(learned.at) < BELIEF);
        let Some(left) = self.left(settings) else { return Ok(()) };
        let reserve = reserve(settings);
        if left >= reserve.saturating_add(cost) {
            return Ok(());
        }
        let next_day = (date.date_naive() + chrono::Days::new(1)).and_time(NaiveTime::MIN).and_utc();
        let until_next_day = (next_day - date).to_std().unwrap_or_default();
        // What the server may yet put right is not what we may send ourselves.
        let is_ours = settings.own_daily.is_some_and(|own| own.saturating_sub(self.used) == left);
        let learned = self.learned.filter(|_| !is_ours);
        let until_doubt = learned.map(|learned| learned.at.saturating_add(BELIEF).saturating_sub(now));
        let mut error = PortError::new(
            ErrorKind::Quota,
            format!("the day's request quota is used up ({left} left, {reserve} kept for other tools)"),
        );
        error.retry_after = Some(until_doubt.map_or(until_next_day, |doubt| doubt.min(until_next_day)));
        Err(error)
    }

    fn left(&self, settings: &BudgetSettings) -> Option<u64> {
        let unused = |quota: u64| quota.saturating_sub(self.used);
        let of_account = self.learned.map(|learned| learned.remaining).or_else(|| settings.daily.map(unused));
        let ours = settings.own_daily.map(unused);
        of_account.into_iter().chain(ours).min()
    }

    fn count(&mut self, cost: u64) {
        self.used = self.used.saturating_add(cost);
        if let Some(learned) = &mut self.learned {
            learned.remaining = learned.remaining.saturating_sub(cost);
        }
    }
}

/// The error of a request that would have to wait out a longer pause than it may.
fn paused(rest: Duration) -> PortError {
    let words = format!("the system asked to be left alone for another {} s: nothing was sent", rest.as_secs());
    PortError { retry_after: Some(rest), ..PortError::new(ErrorKind::RateLimited, words) }
}

/// Requests a day that are left to others.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a count of requests; casts saturate"
)]
fn reserve(settings: &BudgetSettings) -> u64 {
    (settings.daily.unwrap_or(0) as f64 * settings.reserve_share.clamp(0.0, 1.0)).round() as u64
}

#[cfg(test)]
mod tests;
