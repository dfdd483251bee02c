//! Companies without a link: linked, created, asked about, or left with a reason.

use std::collections::BTreeMap;

use super::pair::BothManners;
use super::pairs::Refused;
use super::{Draft, NewCompany, OPEN_GAP, Planning};
use crate::domain::matching::Verdict;
use crate::domain::plan::{Asks, CandidateNote, KeyKind, LinkId, LinkRef, Op, Question, Reason, RecordRef};
use crate::domain::planner::{self, Pair, PairHalf};
use crate::domain::record::{Kind, Side, Standing};
use crate::store::seen::{Seen, SeenId};
use crate::store::todo::{Subject, Why};
use crate::store::{Store, seen, todo, waiting};
use crate::sync::PassError;
use crate::sync::match_up::match_companies;

impl Planning<'_> {
    pub(super) async fn companies(&mut self, store: &mut Store, rows: &[SeenId]) -> Result<(), PassError> {
        let locale = &self.world.ruling.locale;
        let records = seen::by_id(store.connection(), locale, rows).await?;
        let subjects: Vec<&Seen> =
            records.iter().filter(|row| row.link.is_none() && !row.gone && !self.taken.contains(row.id)).collect();
        let verdicts = match_companies(store.connection(), self.world, &self.situation.organisation, &subjects).await?;
        let about: Vec<Subject> = subjects.iter().map(|row| Subject::Seen(row.id)).collect();
        let refused = waiting::refused(store.connection(), &about).await?;
        let partners = self.partners(store, &verdicts).await?;
        let widows = self.widows(store, &verdicts).await?;
        for subject in subjects {
            // A record that an earlier one of this chunk took.
            if self.taken.contains(subject.id) {
                continue;
            }
            let verdict = verdicts.get(&subject.id);
            if let Some(Verdict::Repoint { link, by }) = verdict
                && let Some(widow) = widows.get(link)
            {
                self.ask_about(subject, widow, *by, Reason::Ambiguous);
                continue;
            }
            self.company(store, subject, verdict, &partners, &refused).await?;
        }
        Ok(())
    }

    /// Records whose partner is gone and that several would follow: which of them it is, only a person can say.
    async fn widows(
        &self,
        store: &mut Store,
        verdicts: &BTreeMap<SeenId, Verdict>,
    ) -> Result<BTreeMap<LinkId, Seen>, PassError> {
        let followed = |verdict: &Verdict| if let Verdict::Repoint { link, .. } = verdict { Some(*link) } else { None };
        let mut followers: BTreeMap<LinkId, usize> = BTreeMap::new();
        for link in verdicts.values().filter_map(followed) {
            *followers.entry(link).or_default() += 1;
        }
        let several: Vec<LinkId> = followers.into_iter().filter(|(_, many)| *many > 1).map(|(link, _)| link).collect();
        if several.is_empty() {
            return Ok(BTreeMap::new());
        }
        let halves = seen::by_link(store.connection(), &self.world.ruling.locale, &several).await?;
        Ok(halves.into_iter().filter(|half| !half.gone).filter_map(|half| Some((half.link?, half))).collect())
    }

    async fn partners(
        &self,
        store: &mut Store,
        verdicts: &BTreeMap<SeenId, Verdict>,
    ) -> Result<BTreeMap<RecordRef, Seen>, PassError> {
        let mut partners = BTreeMap::new();
        for side in Side::BOTH {
            let ids: Vec<&str> = verdicts
                .values()
                .filter_map(|verdict| match verdict {
                    Verdict::Link { with, .. } if with.side == side => Some(with.id.as_str()),
                    Verdict::Link { .. }
                    | Verdict::Repoint { .. }
                    | Verdict::Ask { .. }
                    | Verdict::Rest
                    | Verdict::None => None,
                })
                .collect();
            for row in
                seen::by_remote_id(store.connection(), &self.world.ruling.locale, side, Kind::Company, &ids).await?
            {
                partners.insert(row.reference(), row);
            }
        }
        Ok(partners)
    }

    async fn company(
        &mut self,
        store: &mut Store,
        subject: &Seen,
        verdict: Option<&Verdict>,
        partners: &BTreeMap<RecordRef, Seen>,
        refused: &Refused,
    ) -> Result<(), PassError> {
        if self.is_of_open_create(subject) {
            self.planned.kept_questions.insert(subject.id);
            return self.put_off_open(store, subject).await;
        }
        if subject.record.standing == Standing::Archived {
            self.push(Draft::about(subject, Op::Skip, Reason::Archived { side: subject.record.side }));
            return Ok(());
        }
        if let Some(side) = self.unrecognisable(Kind::Company) {
            return self.put_off_unknown(store, subject, side).await;
        }
        match verdict {
            Some(Verdict::Link { with, by }) => {
                let Some(partner) = partners.get(with).filter(|row| row.link.is_none() && !self.taken.contains(row.id))
                else {
                    // Another record of this plan took it: looked at again by the next pass.
                    return self.put_off(store, subject, Reason::Ambiguous, Why::Superseded).await;
                };
                if self.is_of_open_create(partner) {
                    // It may be the record of that open create, or a namesake of it: the evidence decides first.
                    return self.put_off_open(store, subject).await;
                }
                if partner.record.standing == Standing::Archived {
                    self.ask_about_archived(subject, partner, *by);
                    return Ok(());
                }
                let (flowtly, crm) = match subject.record.side {
                    Side::Flowtly => (subject, partner),
                    Side::Crm => (partner, subject),
                };
                self.link_companies(flowtly, crm, Reason::Matched { by: *by });
            }
            Some(Verdict::Repoint { link, .. }) if !self.repointed.insert(*link) => {
                // Another record of this plan follows it: looked at again by the next pass.
                return self.put_off(store, subject, Reason::Ambiguous, Why::Superseded).await;
            }
            Some(Verdict::Repoint { link, by }) => {
                self.taken.insert(subject.id);
                let op = Op::Repoint { side: subject.record.side, to: subject.record.id.clone() };
                let draft = Draft::about(subject, op, Reason::Matched { by: *by });
                self.push(Draft { link: Some(LinkRef::Existing(*link)), ..draft });
            }
            Some(Verdict::Ask { asks, candidates }) => {
                let question = Question { asks: *asks, subject: subject.reference(), candidates: candidates.clone() };
                self.ask(subject, question, Reason::Ambiguous);
            }
            // A tombstone's record, or a copy of another one, rests until a person says so.
            Some(Verdict::Rest) => {
                self.push(Draft::about(subject, Op::Skip, Reason::LeftAlone));
            }
            Some(Verdict::None) | None => self.create_company(store, subject, refused).await?,
        }
        Ok(())
    }

    fn link_companies(&mut self, flowtly: &Seen, crm: &Seen, reason: Reason) {
        self.taken.insert(flowtly.id);
        self.taken.insert(crm.id);
        let placeholder = LinkRef::Planned(crate::domain::plan::ActionId(self.next));
        let action = self.push(Draft { link: None, ..Draft::of_pair(flowtly, crm, placeholder, Op::Link, reason) });
        let new = NewCompany { action, flowtly: Some(flowtly.id), crm: Some(crm.id) };
        self.new_companies.insert(flowtly.id, new);
        self.new_companies.insert(crm.id, new);
        self.new_order.push(flowtly.id);
        self.first_merge(LinkRef::Planned(action), flowtly, crm);
    }

    /// What the first policies make of a pair that this plan links.
    pub(super) fn first_merge(&mut self, link: LinkRef, flowtly: &Seen, crm: &Seen) {
        let kind = flowtly.record.kind;
        let half = |seen: &Seen| PairHalf { record: seen.record.clone(), base: BTreeMap::new() };
        let pair = Pair {
            flowtly: half(flowtly),
            crm: half(crm),
            decisions: BTreeMap::new(),
            alternating: std::collections::BTreeSet::new(),
            confirmed: false,
        };
        let manners = BothManners::of(self.world, kind);
        let plan = planner::plan_pair(&pair, manners.context(self.world, kind, self.situation.adoption));
        self.emit(link, flowtly, crm, plan, &BTreeMap::new(), &BTreeMap::new());
    }

    async fn create_company(&mut self, store: &mut Store, subject: &Seen, refused: &Refused) -> Result<(), PassError> {
        let target = subject.record.side.opposite();
        let rules = self.world.ruling.of(Kind::Company);
        if !subject.record.in_scope {
            self.push(Draft::about(subject, Op::Skip, Reason::OutOfScope));
            return Ok(());
        }
        if !rules.may_create(target) {
            self.push(Draft::about(subject, Op::Skip, Reason::CreationOff { side: target }));
            return Ok(());
        }
        if !self.situation.whole.contains(&(target, Kind::Company)) {
            return self.put_off(store, subject, Reason::NoWholeScan { side: target }, Why::Interrupted).await;
        }
        if let Some((payload, Some(next_try))) = refused.get(&(Subject::Seen(subject.id), target, String::new()))
            && *payload == subject.fingerprint.0
            && *next_try > self.situation.now
        {
            // Where the refusal named a duplicate, its question stands.
            self.planned.kept_questions.insert(subject.id);
            self.push(Draft::about(subject, Op::Skip, Reason::WaitsAfterRefusal));
            let subject = [Subject::Seen(subject.id)];
            todo::arm(store.connection(), Kind::Company, &subject, Why::Refused, Some(*next_try)).await?;
            return Ok(());
        }
        let manners = BothManners::of(self.world, Kind::Company);
        let context = manners.context(self.world, Kind::Company, self.situation.adoption);
        let fields = match planner::plan_create(&subject.record, target, context) {
            Ok(fields) => fields,
            Err(missing) => {
                self.push(Draft::about(subject, Op::Skip, Reason::NotEligible { missing }));
                return Ok(());
            }
        };
        self.taken.insert(subject.id);
        let action = self.push(Draft::about(subject, Op::Create { side: target, fields, parent: None }, Reason::New));
        let (flowtly, crm) = match subject.record.side {
            Side::Flowtly => (Some(subject.id), None),
            Side::Crm => (None, Some(subject.id)),
        };
        self.new_companies.insert(subject.id, NewCompany { action, flowtly, crm });
        self.new_order.push(subject.id);
        let stores_id = self.world.crm.capabilities().of(Kind::Company).stores_id;
        if target == Side::Flowtly && stores_id && !self.situation.organisation.is_empty() {
            // The new Flowtly id is known only after the create.
            let draft = Draft::about(subject, Op::Stamp, Reason::StampMissing);
            self.push(Draft { link: Some(LinkRef::Planned(action)), ..draft });
        }
        Ok(())
    }

    /// The only one that would do was deleted there: whether that was meant, only a person can say.
    pub(super) fn ask_about_archived(&mut self, subject: &Seen, partner: &Seen, by: KeyKind) {
        self.ask_about(subject, partner, by, Reason::Archived { side: partner.record.side });
    }

    /// Whether this one is the same thing, only a person can say.
    fn ask_about(&mut self, subject: &Seen, partner: &Seen, by: KeyKind, reason: Reason) {
        let candidate = CandidateNote {
            record: partner.reference(),
            label: partner.record.label(),
            speaks_for: vec![by],
            speaks_against: Vec::new(),
        };
        let question = Question { asks: Asks::SameThing, subject: subject.reference(), candidates: vec![candidate] };
        self.ask(subject, question, reason);
    }

    /// An open create is in the way: looked at again by the next beat, not at once.
    pub(super) async fn put_off_open(&mut self, store: &mut Store, subject: &Seen) -> Result<(), PassError> {
        self.put_off_for_a_while(store, subject, Reason::OpenIntent).await
    }

    /// Who is who cannot be read on a side: a link might join two firms, a create might double one, and what is asked stays.
    pub(super) async fn put_off_unknown(
        &mut self,
        store: &mut Store,
        subject: &Seen,
        side: Side,
    ) -> Result<(), PassError> {
        self.planned.kept_questions.insert(subject.id);
        self.put_off_for_a_while(store, subject, Reason::Unknown { side }).await
    }

    async fn put_off_for_a_while(
        &mut self,
        store: &mut Store,
        subject: &Seen,
        reason: Reason,
    ) -> Result<(), PassError> {
        self.push(Draft::about(subject, Op::Skip, reason));
        let about = [Subject::Seen(subject.id)];
        let due = self.situation.now + OPEN_GAP;
        todo::arm(store.connection(), subject.record.kind, &about, Why::Interrupted, Some(due)).await?;
        Ok(())
    }

    /// Says why nothing is done now, and stays due.
    pub(super) async fn put_off(
        &mut self,
        store: &mut Store,
        subject: &Seen,
        reason: Reason,
        why: Why,
    ) -> Result<(), PassError> {
        self.push(Draft::about(subject, Op::Skip, reason));
        let about = [Subject::Seen(subject.id)];
        todo::arm(store.connection(), subject.record.kind, &about, why, Some(self.situation.now)).await?;
        Ok(())
    }
}
