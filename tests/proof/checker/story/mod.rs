//! What happened, told from the servers' logs and the journal of people: every property's texts in order, and who wrote each.

mod lines;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};

use super::dialect::{Kinds, dialect};
use super::evidence::{Evidence, Kind, Rec, Side};
use super::journal::{Deed, What};
use super::normal::{folded, kept, number, tells};

use requests::writes_of;
pub use requests::{Aim, Came, List, Write};

/// The property by which a contact of Flowtly names its client.
pub const CLIENT: &str = "client";

/// Who gave a property its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A person: the number of the deed.
    Person(usize),
    /// This program: the number of the write.
    Us(usize),
}

/// A property's text from some moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Behind the request of this number on its side (a write: that request itself).
    pub place: u64,
    /// When, by the servers' clock, which both share.
    pub at: DateTime<Utc>,
    pub who: Who,
    pub text: String,
    /// What stood there from then on: of a write, what its answer shows, where it shows it.
    pub stood: String,
    /// A write of ours that was answered as done, while the answer shows what stood there before: nothing was replaced.
    pub is_ignored: bool,
}

impl Event {
    fn of(place: u64, at: DateTime<Utc>, who: Who, text: &str) -> Self {
        Self { place, at, who, text: text.to_owned(), stood: text.to_owned(), is_ignored: false }
    }

    /// A deed behind request n comes after the write n and before the write n + 1.
    pub fn order(&self) -> (u64, u8, usize) {
        match self.who {
            Who::Us(number) => (self.place, 0, number),
            Who::Person(number) => (self.place, 1, number),
        }
    }

    /// Whether it cannot be told from another event of its record when it happened: both may be of one deed, or one write.
    pub fn is_with(&self, other: &Self) -> bool {
        match (self.who, other.who) {
            (Who::Us(one), Who::Us(other)) => one == other,
            (Who::Person(_), Who::Person(_)) => (self.place, self.at) == (other.place, other.at),
            (Who::Us(_), Who::Person(_)) | (Who::Person(_), Who::Us(_)) => false,
        }
    }
}

/// All of it.
#[derive(Debug)]
pub struct Story {
    pub writes: Vec<Write>,
    lives: BTreeMap<Rec, BTreeMap<String, Vec<Event>>>,
    /// The records that came to stand for one thing.
    kin: BTreeMap<Rec, Rc<Vec<Rec>>>,
    /// The requests that read a record by its id.
    reads: BTreeMap<Rec, Vec<u64>>,
    /// The requests that read anything.
    any_reads: BTreeMap<Side, Vec<u64>>,
    /// The requests that read a list.
    lists: BTreeMap<(Side, Kind), Vec<List>>,
}

impl Story {
    pub fn of(evidence: &Evidence) -> Self {
        let mut story = Self {
            writes: Vec::new(),
            lives: BTreeMap::new(),
            kin: BTreeMap::new(),
            reads: BTreeMap::new(),
            any_reads: BTreeMap::new(),
            lists: BTreeMap::new(),
        };
        let mut kinds = Kinds::default();
        evidence.state.seen.iter().for_each(|seen| kinds.note(&seen.rec));
        evidence.deeds.iter().for_each(|deed| kinds.note(&deed.rec));
        for side in Side::BOTH {
            let dialect = dialect(side, &evidence.rules.crm);
            let began = match side {
                Side::Flowtly => evidence.began.0,
                Side::Crm => evidence.began.1,
            };
            for (number, request) in (1..).zip(evidence.log(side)).skip_while(|(number, _)| *number <= began) {
                if request.writes {
                    let writes = writes_of(dialect, side, number, request, &kinds);
                    writes.iter().filter_map(|write| write.rec.as_ref()).for_each(|rec| kinds.note(rec));
                    story.writes.extend(writes);
                } else {
                    story.any_reads.entry(side).or_default().push(number);
                    if let Some((kind, list)) = dialect.list(number, request) {
                        story.lists.entry((side, kind)).or_default().push(list);
                    }
                    for rec in dialect.reads(request, &kinds) {
                        story.reads.entry(rec).or_default().push(number);
                    }
                }
            }
        }
        story.tell(evidence);
        story.join(evidence);
        story.follow_lines(evidence);
        story
    }

    /// The texts of a property, the oldest first.
    pub fn life(&self, rec: &Rec, property: &str) -> &[Event] {
        self.lives.get(rec).and_then(|life| life.get(property)).map_or(&[], Vec::as_slice)
    }

    /// The first that is known of a record: of whoever made it, or of whoever found it.
    pub fn beginning(&self, rec: &Rec) -> Option<&Event> {
        self.lives.get(rec)?.values().flatten().min_by_key(|event| event.order())
    }

    /// Every record that anything is known of, with its properties.
    pub fn lives(&self) -> impl Iterator<Item = (&Rec, &BTreeMap<String, Vec<Event>>)> {
        self.lives.iter()
    }

    /// A property's text just before a request.
    pub fn text_before(&self, rec: &Rec, property: &str, number: u64) -> &str {
        let before = self.life(rec, property).iter().take_while(|event| event.place < number);
        before.last().map_or("", |event| event.text.as_str())
    }

    /// The records that stand, or stood, for the same thing as this one, itself among them.
    pub fn kin(&self, rec: &Rec) -> Rc<Vec<Rec>> {
        self.kin.get(rec).map_or_else(|| Rc::new(vec![rec.clone()]), Rc::clone)
    }

    /// Whether something that happened at `place` fell between the read that a write relied on, and the write: no system
    /// here can refuse a write for that, so what is lost in there is lost to the systems.
    pub fn is_in_the_gap(&self, rec: &Rec, place: u64, write: u64) -> bool {
        let last =
            |reads: Option<&Vec<u64>>| reads.and_then(|reads| reads.iter().rev().find(|read| **read < write)).copied();
        let read = last(self.reads.get(rec)).or_else(|| last(self.any_reads.get(&rec.side))).unwrap_or(0);
        place >= read && place < write
    }

    /// Whether a record was read by its id, or by one that was merged into it, behind one request and before another.
    pub fn was_read_between(&self, rec: &Rec, from: u64, to: u64) -> bool {
        let kin = self.kin(rec);
        let reads = kin.iter().filter(|kin| kin.side == rec.side).filter_map(|kin| self.reads.get(kin));
        reads.flatten().any(|read| *read > from && *read < to)
    }

    /// The last read of a record by its id before a request.
    pub fn last_look(&self, rec: &Rec, number: u64) -> Option<u64> {
        self.reads.get(rec)?.iter().rev().find(|read| **read < number).copied()
    }

    /// The last request before `number` that read anything on a side.
    pub fn last_read(&self, side: Side, number: u64) -> u64 {
        let reads = self.any_reads.get(&side).map_or(&[][..], Vec::as_slice);
        reads.iter().rev().find(|read| **read < number).copied().unwrap_or(0)
    }

    /// The last request before `number` that could show a new record: a list of its kind that goes to the end, where what is
    /// new stands. An index that may lag, and a read by other ids, show nothing of it; nor does what goes on behind its id.
    pub fn last_list(&self, rec: &Rec, number: u64) -> u64 {
        let lists = self.lists.get(&(rec.side, rec.kind)).map_or(&[][..], Vec::as_slice);
        let lists = &lists[..lists.partition_point(|list| list.number < number)];
        let last_page = lists.iter().map(|list| list.page).max().unwrap_or(1);
        let made = self.beginning(rec).map(|event| event.at);
        let shows = |list: &&List| list.page == last_page && list.shows(&rec.id, made);
        lists.iter().rev().find(shows).map_or(0, |list| list.number)
    }

    fn tell(&mut self, evidence: &Evidence) {
        let mut events: Vec<(Rec, String, Event)> = Vec::new();
        for (number, deed) in evidence.deeds.iter().enumerate() {
            let place = deed.place(deed.rec.side);
            let typed = match &deed.what {
                What::Edited { property, new, .. } => Some((property.as_str(), new)),
                // A contact of Flowtly names its client like any other text.
                What::Joined { company } if deed.rec.side == Side::Flowtly => Some((CLIENT, company)),
                What::Joined { .. }
                | What::Left { .. }
                | What::Made
                | What::Found
                | What::Merged { .. }
                | What::Archived
                | What::Restored
                | What::Removed
                | What::Decided { .. } => None,
            };
            if let Some((property, text)) = typed {
                let event = Event::of(place, deed.at, Who::Person(number), text);
                events.push((deed.rec.clone(), property.to_owned(), event));
            }
        }
        for (number, write) in self.writes.iter().enumerate() {
            let (Some(rec), Came::Done) = (&write.rec, &write.came) else { continue };
            let line = dialect(write.side, &evidence.rules.crm).line();
            for (property, text) in write.values.iter().filter(|(path, _)| line.is_none_or(|(line, _)| path != line)) {
                let event = Event::of(write.number, write.at, Who::Us(number), text);
                events.push((rec.clone(), property.clone(), event));
            }
        }
        events.sort_by_key(|(_, _, event)| event.order());
        let mut along: Vec<(usize, String)> = Vec::new();
        for (rec, property, mut event) in events {
            let dialect = dialect(rec.side, &evidence.rules.crm);
            let life = self.lives.entry(rec.clone()).or_default().entry(property.clone()).or_default();
            if let Who::Us(number) = event.who {
                let before = life.last().map_or("", |event| event.stood.as_str());
                // What is sent along as it stands is no change of ours.
                if dialect.goes_along(&property) && event.text == before {
                    along.push((number, property));
                    continue;
                }
                if !dialect.shows_what_it_stored() {
                    let stored = kept(&evidence.liberties, &rec, &property, &event.text);
                    event.is_ignored = stored.is_none() && folded(before) != folded(&event.text);
                    event.stood = stored.unwrap_or_else(|| before.to_owned());
                } else if let Some(shown) = self.writes.get(number).and_then(|write| write.stored.get(&property)) {
                    event.is_ignored = folded(shown) == folded(before) && folded(shown) != folded(&event.text);
                    event.stood.clone_from(shown);
                }
            }
            life.push(event);
        }
        // Of what was not carried out nothing is told above.
        for (number, write) in self.writes.iter().enumerate().filter(|(_, write)| write.came != Came::Done) {
            let dialect = dialect(write.side, &evidence.rules.crm);
            let stood = |path: &str| write.rec.as_ref().map_or("", |rec| self.text_before(rec, path, write.number));
            let same = write.values.iter().filter(|(path, text)| dialect.goes_along(path) && text == stood(path));
            along.extend(same.map(|(path, _)| (number, path.clone())));
        }
        for (number, property) in along {
            self.writes[number].values.retain(|(path, _)| *path != property);
        }
    }

    fn join(&mut self, evidence: &Evidence) {
        let mut pairs: Vec<(Rec, Rec)> = Vec::new();
        for link in &evidence.state.links {
            pairs.push((link.half(Side::Flowtly), link.half(Side::Crm)));
        }
        pairs.extend(evidence.linked.iter().cloned());
        for deed in &evidence.deeds {
            if let What::Merged { from } = &deed.what {
                let old = from.iter().map(|id| Rec::new(deed.rec.side, deed.rec.kind, id.as_str()));
                pairs.extend(old.map(|old| (deed.rec.clone(), old)));
            }
            if let What::Decided { with: Some(with), .. } = &deed.what {
                pairs.push((deed.rec.clone(), with.clone()));
            }
        }
        for intent in &evidence.state.intents {
            let source = evidence.state.seen.iter().find(|seen| Some(seen.id) == intent.source);
            let target = intent.target.as_ref().map(|id| Rec::new(intent.side, intent.kind, id.as_str()));
            if let (Some(source), Some(target)) = (source, target) {
                pairs.push((source.rec.clone(), target));
            }
        }
        // A pair that was separated, removed, merged or purged has lost its link to the next one; that there was one says our
        // stamp, where both were the same thing to look at, or the client is no longer there to be looked at.
        for write in self.writes.iter().filter(|write| write.came == Came::Done && write.side == Side::Crm) {
            let stamp = write.values.iter().find(|(path, _)| *path == evidence.rules.id_property);
            let id = stamp.and_then(|(_, text)| text.rsplit('/').next());
            let (Some(rec), Some(id)) = (write.rec.as_ref().filter(|rec| rec.kind == Kind::Company), id) else {
                continue;
            };
            let client = Rec::new(Side::Flowtly, Kind::Company, id);
            let is_gone = evidence.deeds.iter().any(|deed| deed.rec == client && deed.what == What::Removed);
            if is_gone || self.looked_alike(evidence, &client, rec) {
                pairs.push((client, rec.clone()));
            }
        }
        // What we created after a company that was purged before it could carry our stamp was made of that one, where no other
        // that is gone was alike.
        let made = self.writes.iter().filter(|write| write.came == Came::Done && write.aim == Aim::Create);
        for rec in made.filter_map(|write| write.rec.as_ref()).filter(|rec| rec.kind == Kind::Company) {
            let gone = evidence.deeds.iter().filter(|deed| deed.what == What::Removed && deed.rec.side != rec.side);
            let alike = |deed: &&Deed| {
                let (ours, theirs) = if rec.side == Side::Flowtly { (rec, &deed.rec) } else { (&deed.rec, rec) };
                deed.rec.kind == Kind::Company && self.looked_alike(evidence, ours, theirs)
            };
            let mut gone = gone.filter(alike);
            if let (Some(only), None) = (gone.next(), gone.next()) {
                pairs.push((rec.clone(), only.rec.clone()));
            }
        }
        // Each group is led by one of its records; two groups that a pair joins get one leader.
        let mut leader: BTreeMap<Rec, Rec> = BTreeMap::new();
        for (one, other) in pairs {
            let (one, other) = (leader_of(&leader, &one), leader_of(&leader, &other));
            leader.entry(one.clone()).or_insert_with(|| one.clone());
            leader.insert(other, one);
        }
        let mut groups: BTreeMap<Rec, Vec<Rec>> = BTreeMap::new();
        for rec in leader.keys() {
            groups.entry(leader_of(&leader, rec)).or_default().push(rec.clone());
        }
        for group in groups.into_values().map(Rc::new) {
            self.kin.extend(group.iter().map(|rec| (rec.clone(), Rc::clone(&group))));
        }
    }
}

impl Story {
    /// Whether two companies ever showed one name, or one tax number.
    fn looked_alike(&self, evidence: &Evidence, one: &Rec, other: &Rec) -> bool {
        ["name", "tax_identity"].into_iter().any(|name| {
            let texts = |rec: &Rec| -> Vec<String> {
                let ever = evidence.rules_ever().flat_map(|rules| rules.of_kind(rec.kind));
                let paths = ever.filter(|field| field.name == name).flat_map(|field| field.properties(rec.side));
                let events = paths.flat_map(|property| self.life(rec, &property.path));
                let number = |text: &str| if name == "name" { folded(text) } else { number(text) };
                let texts = events.flat_map(|event| [number(&event.text), number(&event.stood)]);
                texts.filter(|text| name == "name" && !text.is_empty() || tells(text)).collect()
            };
            let ours = texts(one);
            texts(other).iter().any(|text| ours.contains(text))
        })
    }
}

fn leader_of(leaders: &BTreeMap<Rec, Rec>, rec: &Rec) -> Rec {
    let mut leader = rec;
    while let Some(next) = leaders.get(leader).filter(|next| *next != leader) {
        leader = next;
    }
    leader.clone()
}

/// The companies that a contact stood at just before a request on its side.
pub fn companies_before(evidence: &Evidence, story: &Story, rec: &Rec, number: u64) -> BTreeSet<String> {
    let mut steps: Vec<(u64, u8, bool, String)> = Vec::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.rec == *rec) {
        let place = deed.place(rec.side);
        match &deed.what {
            What::Joined { company } => steps.push((place, 1, true, company.clone())),
            What::Left { company } => steps.push((place, 1, false, company.clone())),
            What::Made
            | What::Found
            | What::Edited { .. }
            | What::Merged { .. }
            | What::Archived
            | What::Restored
            | What::Removed
            | What::Decided { .. } => {}
        }
    }
    let ours = story.writes.iter().filter(|write| write.rec.as_ref() == Some(rec) && write.came == Came::Done);
    for write in ours {
        steps.extend(write.companies.iter().map(|company| (write.number, 0, write.aim != Aim::Leave, company.clone())));
    }
    // A deed behind request n comes after the write n; the order of the deeds behind one request is kept.
    steps.sort_by_key(|(place, order, ..)| (*place, *order));
    let mut companies = BTreeSet::new();
    for (_, _, comes, company) in steps.into_iter().take_while(|(place, ..)| *place < number) {
        if comes {
            // Where a contact has one company, the new one takes the place of the old.
            if !dialect(rec.side, &evidence.rules.crm).has_several_companies() {
                companies.clear();
            }
            companies.insert(company);
        } else {
            companies.remove(&company);
        }
    }
    companies
}
