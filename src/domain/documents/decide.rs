//! What is to be done about each document of a company.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Does, Found, Known, Reason, State, Wanted, fingerprint};
use crate::domain::record::RemoteId;

/// What the CRM shows at a company: everything that carries our mark.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// When it was begun.
    pub begun: DateTime<Utc>,
    /// What it shows.
    pub found: &'a [Found],
}

impl Listing<'_> {
    /// What carries a mark; of several the one with the lowest id, so that every look takes the same.
    fn of(&self, mark: &str) -> Option<&Found> {
        let carriers = self.found.iter().filter(|found| found.mark == mark);
        carriers
            .min_by(|one, other| (one.id.as_number(), one.id.as_str()).cmp(&(other.id.as_number(), other.id.as_str())))
    }
}

/// What becomes of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is known of it from now on.
    pub known: Known,
    /// What is done.
    pub does: Does,
    /// Why.
    pub reason: Reason,
}

/// Whether what is to be decided needs to know what the CRM shows: a company about which nothing is to be done is not asked
/// about.
pub fn needs_listing(wanted: &[Wanted], known: &[Known], company: &RemoteId) -> bool {
    let by_mark: BTreeMap<&str, &Known> = known.iter().map(|known| (known.mark.as_str(), known)).collect();
    let is_open = |known: &Known| match known.state {
        State::Sending | State::Moved => true,
        State::Wanted => !known.gone,
        State::Shown | State::Removed => false,
    };
    known.iter().any(is_open)
        || wanted.iter().any(|wanted| {
            by_mark.get(wanted.mark.as_str()).is_none_or(|known| {
                known.state == State::Shown && (known.company != *company || known.told != Some(wanted.fingerprint()))
            })
        })
}

/// Decides about every document of a company, listed or known, in the order of the list and then of the marks. Without a
/// listing nothing is sent and nothing is concluded. `settling` is how long after a send nothing is proved by its absence.
pub fn plan_company(
    wanted: &[Wanted],
    known: &[Known],
    listing: Option<Listing<'_>>,
    company: &RemoteId,
    now: DateTime<Utc>,
    settling: TimeDelta,
) -> Vec<Verdict> {
    let by_mark: BTreeMap<&str, &Known> = known.iter().map(|known| (known.mark.as_str(), known)).collect();
    let listed: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.mark.as_str()).collect();
    let look = Look { listing, company, now, settling };
    let present = wanted.iter().map(|wanted| {
        let before = by_mark.get(wanted.mark.as_str()).copied();
        let renewed = match before {
            Some(before) => Known {
                title: wanted.title.clone(),
                link: wanted.link.clone(),
                gone: false,
                refused: before.refused.filter(|(payload, _)| *payload == wanted.fingerprint()),
                ..before.clone()
            },
            None => fresh(wanted, company),
        };
        look.held_back(look.decide(renewed, before.is_some()))
    });
    let absent = known.iter().filter(|known| !listed.contains(known.mark.as_str())).map(|known| look.gone(known));
    present.chain(absent).collect()
}

fn fresh(wanted: &Wanted, company: &RemoteId) -> Known {
    Known {
        mark: wanted.mark.clone(),
        document: wanted.document.clone(),
        title: wanted.title.clone(),
        link: wanted.link.clone(),
        company: company.clone(),
        crm_id: None,
        told: None,
        state: State::Wanted,
        provable: None,
        gone: false,
        refused: None,
    }
}

struct Look<'a> {
    listing: Option<Listing<'a>>,
    company: &'a RemoteId,
    now: DateTime<Utc>,
    settling: TimeDelta,
}

/// What the CRM says of one document.
enum Sight<'a> {
    /// It shows it.
    There(&'a Found),
    /// It does not, and that proves that it is not there.
    Absent,
    /// It does not, or was not asked, and that proves nothing.
    Unproved,
}

impl Look<'_> {
    fn sight(&self, known: &Known) -> Sight<'_> {
        let Some(listing) = &self.listing else { return Sight::Unproved };
        match listing.of(&known.mark) {
            Some(found) => Sight::There(found),
            None if known.provable.is_none_or(|provable| listing.begun >= provable) => Sight::Absent,
            None => Sight::Unproved,
        }
    }

    #[expect(clippy::match_same_arms, reason = "each state is read on its own")]
    fn decide(&self, known: Known, was_known: bool) -> Verdict {
        let is_here = known.company == *self.company;
        match (known.state, self.sight(&known)) {
            // What people wrote there since is theirs, until Flowtly says something else.
            (State::Shown, Sight::There(found)) if is_here => {
                let crm_id = Some(found.id.clone());
                if known.told == Some(known.fingerprint()) {
                    nothing(Known { crm_id, ..known }, Reason::Same)
                } else {
                    wants(Known { crm_id, ..known }, Reason::Renamed)
                }
            }
            (State::Shown, Sight::Unproved) if is_here => {
                let is_told = known.told == Some(known.fingerprint());
                nothing(known, if is_told { Reason::Same } else { Reason::OutcomeUnknown })
            }
            (State::Shown, Sight::Absent) if is_here => {
                nothing(Known { state: State::Removed, ..known }, Reason::TakenAway)
            }
            // A rename that has not come to be seen.
            (State::Sending, Sight::There(found))
                if known.crm_id.is_some()
                    && fingerprint(&found.title, found.link.as_deref()) != known.fingerprint() =>
            {
                let provable = known.provable.unwrap_or(self.now);
                if self.listing.is_some_and(|listing| listing.begun >= provable) {
                    wants(Known { crm_id: Some(found.id.clone()), ..known }, Reason::NeverArrived)
                } else {
                    nothing(known, Reason::OutcomeUnknown)
                }
            }
            // A rename that is under way says it again; what is there is its own already.
            (State::Wanted, Sight::There(found)) if is_here && known.crm_id.is_some() => {
                wants(Known { crm_id: Some(found.id.clone()), ..known }, Reason::Renamed)
            }
            (State::Shown | State::Sending | State::Wanted | State::Moved | State::Removed, Sight::There(found)) => {
                self.adopt(known, found)
            }
            (State::Sending, Sight::Absent) if is_here && known.crm_id.is_some() => {
                nothing(Known { state: State::Removed, ..known }, Reason::TakenAway)
            }
            (State::Sending, Sight::Absent) if is_here => wants(anew(known, self.company), Reason::NeverArrived),
            (State::Sending, Sight::Unproved) if is_here => nothing(known, Reason::OutcomeUnknown),
            (State::Wanted, Sight::Absent) if known.crm_id.is_none() => {
                let reason = if was_known && known.provable.is_some() { Reason::NeverArrived } else { Reason::New };
                wants(anew(known, self.company), reason)
            }
            (State::Wanted, Sight::Absent) if is_here => {
                nothing(Known { state: State::Removed, ..known }, Reason::TakenAway)
            }
            (State::Wanted, Sight::Unproved) if is_here || known.crm_id.is_none() => {
                nothing(known, Reason::OutcomeUnknown)
            }
            (State::Moved, Sight::Absent) if is_here => wants(anew(known, self.company), Reason::New),
            (State::Moved, Sight::Unproved) if is_here => nothing(known, Reason::CompanyMoved),
            (State::Removed, Sight::Absent | Sight::Unproved) => nothing(known, Reason::TakenAway),
            // What the CRM moves along with a merged company, or does not, takes its time to be seen.
            (State::Shown | State::Sending | State::Wanted | State::Moved, Sight::Absent | Sight::Unproved) => {
                let provable = Some(self.now + self.settling).max(known.provable);
                let company = self.company.clone();
                nothing(Known { state: State::Moved, company, provable, ..known }, Reason::CompanyMoved)
            }
        }
    }

    fn adopt(&self, known: Known, found: &Found) -> Verdict {
        let told = fingerprint(&found.title, found.link.as_deref());
        let is_same = told == known.fingerprint();
        let known = Known {
            company: self.company.clone(),
            crm_id: Some(found.id.clone()),
            told: Some(told),
            state: if is_same { State::Shown } else { State::Wanted },
            ..known
        };
        let does = if is_same { Does::Adopt } else { Does::Rename };
        Verdict { known, does, reason: Reason::MarkFound }
    }

    /// Flowtly does not list it. What was sent is still recovered; nothing new is sent.
    fn gone(&self, known: &Known) -> Verdict {
        let is_open = matches!(known.state, State::Sending | State::Moved);
        let known = if is_open { self.decide(known.clone(), true).known } else { known.clone() };
        nothing(Known { gone: true, ..known }, Reason::GoneInFlowtly)
    }

    /// What was refused waits, as long as it is the same.
    fn held_back(&self, verdict: Verdict) -> Verdict {
        let waits = verdict.known.refused.is_some_and(|(_, next_try)| next_try > self.now);
        if verdict.does.sends() && waits {
            return nothing(verdict.known, Reason::WaitsAfterRefusal);
        }
        verdict
    }
}

fn nothing(known: Known, reason: Reason) -> Verdict {
    Verdict { known, does: Does::Nothing, reason }
}

/// It is to be shown, or renamed where something shows it.
fn wants(known: Known, reason: Reason) -> Verdict {
    let does = if known.crm_id.is_some() { Does::Rename } else { Does::Show };
    Verdict { known: Known { state: State::Wanted, ..known }, does, reason }
}

/// Nothing shows it.
fn anew(known: Known, company: &RemoteId) -> Known {
    Known { company: company.clone(), crm_id: None, told: None, provable: None, ..known }
}
