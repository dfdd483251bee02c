//! Contacts without a link, company by company. A company that is linked or created brings its contacts in the same plan.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::BothManners;
use super::{Draft, NewCompany, Planning};
use crate::domain::matching::Verdict;
use crate::domain::plan::{Asks, LinkId, LinkRef, Op, Question, Reason};
use crate::domain::planner;
use crate::domain::record::{Kind, RemoteId, Side, Standing};
use crate::store::link::LinkState;
use crate::store::seen::{Seen, SeenId};
use crate::store::todo::{Subject, Why};
use crate::store::{Store, StoreError, link, seen, todo, waiting};
use crate::sync::answered::{Answered, answered};
use crate::sync::match_up::{bonds, match_contact};
use crate::sync::stage::{Stage, take_in};
use crate::sync::{PassError, on};

/// How many new companies are looked at together.
const COMPANIES: usize = 100;

/// A company as its contacts see it.
#[derive(Debug, Clone)]
struct Home {
    link: LinkRef,
    flowtly: Option<RemoteId>,
    crm: Option<RemoteId>,
}

impl Home {
    fn id(&self, side: Side) -> Option<&RemoteId> {
        match side {
            Side::Flowtly => self.flowtly.as_ref(),
            Side::Crm => self.crm.as_ref(),
        }
    }
}

impl Planning<'_> {
    /// The contacts of companies that this plan links or creates, on both sides.
    pub(super) async fn contacts_of_new_companies(&mut self, store: &mut Store) -> Result<(), PassError> {
        let order = std::mem::take(&mut self.new_order);
        for chunk in order.chunks(COMPANIES) {
            let homes = self.new_homes(store, chunk).await?;
            let mut ids: Vec<SeenId> = Vec::new();
            for side in Side::BOTH {
                let companies: Vec<RemoteId> = homes.values().filter_map(|home| home.id(side).cloned()).collect();
                if companies.is_empty() {
                    continue;
                }
                if !self.situation.complete {
                    self.read_children(store, side, &companies).await?;
                }
                let companies: Vec<&str> = companies.iter().map(RemoteId::as_str).collect();
                let children = seen::children(store.connection(), &self.world.ruling.locale, side, &companies).await?;
                ids.extend(children.into_iter().filter(|row| row.link.is_none()).map(|row| row.id));
            }
            ids.sort_unstable();
            if !ids.is_empty() {
                let (pass, now) = (self.situation.pass, self.situation.now);
                todo::bring(store.connection(), Kind::Contact, pass, &ids, now).await?;
            }
            self.contacts(store, &ids).await?;
            self.flush(store).await?;
        }
        Ok(())
    }

    /// An incremental pass has not walked all contacts: those of a company that is linked now are read by their company.
    async fn read_children(&mut self, store: &mut Store, side: Side, companies: &[RemoteId]) -> Result<(), PassError> {
        let rows = self.world.source(side).children(companies).await.map_err(on(side))?;
        self.world.progress.looked();
        let mut transaction = store.begin().await?;
        let to = Stage {
            world: self.world,
            organisation: &self.situation.organisation,
            side,
            kind: Kind::Contact,
            due: self.situation.now,
            missing: &self.situation.missing,
        };
        take_in(&mut transaction, to, rows).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    pub(super) async fn contacts(&mut self, store: &mut Store, rows: &[SeenId]) -> Result<(), PassError> {
        let locale = &self.world.ruling.locale;
        let rows: Vec<SeenId> = rows.iter().filter(|row| !self.judged.contains(**row)).copied().collect();
        let records = seen::by_id(store.connection(), locale, &rows).await?;
        let subjects: Vec<&Seen> = records.iter().filter(|row| row.link.is_none() && !row.gone).collect();
        if subjects.is_empty() {
            return Ok(());
        }
        let homes = self.homes(store, &subjects).await?;
        let mut children: BTreeMap<(Side, RemoteId), Vec<Seen>> = BTreeMap::new();
        for side in Side::BOTH {
            let ids: BTreeSet<&str> = homes.values().filter_map(|home| home.id(side).map(RemoteId::as_str)).collect();
            let ids: Vec<&str> = ids.into_iter().collect();
            for child in seen::children(store.connection(), locale, side, &ids).await? {
                if let Some(parent) = child.record.parent.clone() {
                    children.entry((side, parent)).or_default().push(child);
                }
            }
        }
        let links: BTreeSet<LinkId> = children.values().flatten().filter_map(|child| child.link).collect();
        let bonds = bonds(store.connection(), self.world, &links.into_iter().collect::<Vec<_>>()).await?;
        let about: Vec<Subject> = subjects.iter().map(|row| Subject::Seen(row.id)).collect();
        let refused = waiting::refused(store.connection(), &about).await?;
        let answered = answered(store.connection(), locale, &subjects).await?;
        let (nobody, unanswered) = (Vec::new(), Answered::default());
        for subject in subjects {
            self.judged.insert(subject.id);
            if self.taken.contains(subject.id) {
                continue;
            }
            let side = subject.record.side;
            if self.is_of_open_create(subject) {
                self.planned.kept_questions.insert(subject.id);
                self.put_off_open(store, subject).await?;
                continue;
            }
            let Some(home) = homes.get(&subject.id) else {
                // Its company is not linked: it is looked at with the company.
                self.push(Draft::about(subject, Op::Skip, Reason::BlockedByParent));
                continue;
            };
            if subject.record.standing == Standing::Archived {
                self.push(Draft::about(subject, Op::Skip, Reason::Archived { side }));
                continue;
            }
            if self.is_put_off(store, subject, home).await? {
                continue;
            }
            let family = |side: Side| home.id(side).and_then(|id| children.get(&(side, id.clone()))).unwrap_or(&nobody);
            let others = family(side.opposite());
            let told = answered.get(&subject.id).unwrap_or(&unanswered);
            match match_contact(subject, family(side), others, &bonds, &self.taken, told) {
                Verdict::Link { with, by } => {
                    let partner = others.iter().find(|row| row.reference() == with);
                    let Some(partner) = partner.filter(|row| !self.taken.contains(row.id)) else {
                        self.put_off(store, subject, Reason::Ambiguous, Why::Superseded).await?;
                        continue;
                    };
                    if self.is_of_open_create(partner) {
                        self.put_off_open(store, subject).await?;
                        continue;
                    }
                    if partner.record.standing == Standing::Archived {
                        self.ask_about_archived(subject, partner, by);
                        continue;
                    }
                    let (flowtly, crm) = match side {
                        Side::Flowtly => (subject, partner),
                        Side::Crm => (partner, subject),
                    };
                    self.link_contacts(home, flowtly, crm, Reason::Matched { by });
                }
                Verdict::Repoint { link, .. } if !self.repointed.insert(link) => {
                    self.put_off(store, subject, Reason::Ambiguous, Why::Superseded).await?;
                }
                Verdict::Repoint { link, by } => {
                    self.taken.insert(subject.id);
                    let op = Op::Repoint { side, to: subject.record.id.clone() };
                    let draft = Draft::about(subject, op, Reason::Matched { by });
                    self.push(Draft { link: Some(LinkRef::Existing(link)), ..draft });
                }
                Verdict::Ask { asks, candidates } => {
                    let question = Question { asks, subject: subject.reference(), candidates };
                    self.ask(subject, question, Reason::Ambiguous);
                }
                Verdict::Rest => {
                    self.push(Draft::about(subject, Op::Skip, Reason::LeftAlone));
                }
                Verdict::None => {
                    let next_try = refused
                        .get(&(Subject::Seen(subject.id), side.opposite(), String::new()))
                        .filter(|(payload, _)| *payload == subject.fingerprint.0)
                        .and_then(|(_, next_try)| *next_try);
                    self.create_contact(store, subject, home, others, next_try).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts a contact off that cannot be told from others now.
    async fn is_put_off(&mut self, store: &mut Store, subject: &Seen, home: &Home) -> Result<bool, PassError> {
        if matches!(home.link, LinkRef::Existing(company) if self.repointed.contains(&company)) {
            // Who stands at the company that its partner goes on as is not looked at yet: a create might double one of them.
            self.put_off(store, subject, Reason::BlockedByParent, Why::Superseded).await?;
            return Ok(true);
        }
        if let Some(side) = self.unrecognisable(Kind::Contact) {
            self.put_off_unknown(store, subject, side).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether a contact that stands at the company on the other side is this very person: linked as a contact of another
    /// company, and moved here since. The link follows that move, if it may; a create would double the person.
    async fn has_come_from_elsewhere(
        &self,
        store: &mut Store,
        subject: &Seen,
        others: &[Seen],
    ) -> Result<bool, StoreError> {
        if subject.record.side == Side::Flowtly {
            // Nobody is a contact of two companies there.
            return Ok(false);
        }
        let links: Vec<LinkId> = others.iter().filter(|other| !other.gone).filter_map(|other| other.link).collect();
        let links = link::by_id(store.connection(), &links).await?;
        Ok(links.values().any(|link| link.state == LinkState::Live && link.crm_id == subject.record.id))
    }

    /// The linked company of each contact, where there is one.
    async fn homes(&self, store: &mut Store, subjects: &[&Seen]) -> Result<BTreeMap<SeenId, Home>, PassError> {
        let mut homes = BTreeMap::new();
        for side in Side::BOTH {
            let parents: BTreeSet<&str> = subjects
                .iter()
                .filter(|row| row.record.side == side)
                .filter_map(|row| row.record.parent.as_ref().map(RemoteId::as_str))
                .collect();
            let parents: Vec<&str> = parents.into_iter().collect();
            let companies =
                seen::by_remote_id(store.connection(), &self.world.ruling.locale, side, Kind::Company, &parents)
                    .await?;
            let links: Vec<LinkId> = companies.iter().filter_map(|row| row.link).collect();
            let links = link::by_id(store.connection(), &links).await?;
            let rows: Vec<SeenId> = companies.iter().map(|row| row.id).collect();
            let planned = self.new_homes(store, &rows).await?;
            for subject in subjects.iter().filter(|row| row.record.side == side) {
                let company = companies.iter().find(|row| Some(&row.record.id) == subject.record.parent.as_ref());
                let Some(company) = company else { continue };
                let existing = company.link.and_then(|id| links.get(&id)).filter(|link| link.state == LinkState::Live);
                let home = match existing {
                    Some(link) => Some(Home {
                        link: LinkRef::Existing(link.id),
                        flowtly: Some(link.flowtly_id.clone()),
                        crm: Some(link.crm_id.clone()),
                    }),
                    None => planned.get(&company.id).cloned(),
                };
                if let Some(home) = home {
                    homes.insert(subject.id, home);
                }
            }
        }
        Ok(homes)
    }

    /// Those of these rows whose company this plan links or creates.
    async fn new_homes(&self, store: &mut Store, rows: &[SeenId]) -> Result<BTreeMap<SeenId, Home>, StoreError> {
        let new: Vec<(SeenId, NewCompany)> =
            rows.iter().filter_map(|row| Some((*row, *self.new_companies.get(row)?))).collect();
        if new.is_empty() {
            return Ok(BTreeMap::new());
        }
        let halves: Vec<SeenId> = new.iter().flat_map(|(_, new)| [new.flowtly, new.crm]).flatten().collect();
        let ids: BTreeMap<SeenId, RemoteId> =
            seen::remote_ids(store.connection(), &halves).await?.into_iter().collect();
        let id = |half: Option<SeenId>| half.and_then(|half| ids.get(&half).cloned());
        let home =
            |new: NewCompany| Home { link: LinkRef::Planned(new.action), flowtly: id(new.flowtly), crm: id(new.crm) };
        Ok(new.into_iter().map(|(row, new)| (row, home(new))).collect())
    }

    fn link_contacts(&mut self, home: &Home, flowtly: &Seen, crm: &Seen, reason: Reason) {
        self.taken.insert(flowtly.id);
        self.taken.insert(crm.id);
        // Until its own link exists, a contact's link action names the company's.
        let action = self.push(Draft::of_pair(flowtly, crm, home.link, Op::Link, reason));
        self.first_merge(LinkRef::Planned(action), flowtly, crm);
    }

    async fn create_contact(
        &mut self,
        store: &mut Store,
        subject: &Seen,
        home: &Home,
        others: &[Seen],
        next_try: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<(), PassError> {
        let target = subject.record.side.opposite();
        let rules = self.world.ruling.of(Kind::Contact);
        if !subject.record.in_scope {
            self.push(Draft::about(subject, Op::Skip, Reason::OutOfScope));
            return Ok(());
        }
        if !rules.may_create(target) {
            self.push(Draft::about(subject, Op::Skip, Reason::CreationOff { side: target }));
            return Ok(());
        }
        if home.id(target).is_some() && !self.situation.whole.contains(&(target, Kind::Contact)) {
            return self.put_off(store, subject, Reason::NoWholeScan { side: target }, Why::Interrupted).await;
        }
        if let Some(next_try) = next_try.filter(|at| *at > self.situation.now) {
            // Where the refusal named a duplicate, its question stands.
            self.planned.kept_questions.insert(subject.id);
            self.push(Draft::about(subject, Op::Skip, Reason::WaitsAfterRefusal));
            let about = [Subject::Seen(subject.id)];
            todo::arm(store.connection(), Kind::Contact, &about, Why::Refused, Some(next_try)).await?;
            return Ok(());
        }
        let is_left_behind = match (home.link, subject.record.side) {
            (LinkRef::Existing(company), Side::Crm) => {
                link::is_taken(store.connection(), &subject.record.id, company).await?
            }
            (LinkRef::Existing(_) | LinkRef::Planned(_), _) => false,
        };
        if is_left_behind || self.has_come_from_elsewhere(store, subject, others).await? {
            // A link that an earlier move left behind still holds this person under this company; or one follows this move.
            let question = Question { asks: Asks::Duplicate, subject: subject.reference(), candidates: Vec::new() };
            self.ask(subject, question, Reason::Ambiguous);
            return Ok(());
        }
        let manners = BothManners::of(self.world, Kind::Contact);
        let context = manners.context(self.world, Kind::Contact, self.situation.adoption);
        match planner::plan_create(&subject.record, target, context) {
            Ok(fields) => {
                self.taken.insert(subject.id);
                let op = Op::Create { side: target, fields, parent: Some(home.link) };
                self.push(Draft::about(subject, op, Reason::New));
            }
            Err(missing) => {
                self.push(Draft::about(subject, Op::Skip, Reason::NotEligible { missing }));
            }
        }
        Ok(())
    }
}
