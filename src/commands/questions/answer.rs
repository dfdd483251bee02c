//! A person answers a question about identity.
//!
//! | Asked | `--link` | `--separate` | `--same` | `--copy` | `--never-happened` |
//! |---|---|---|---|---|---|
//! | which of them, the same thing | joined | different things | | | |
//! | a duplicate | joined, once the candidate is free | different things | | left alone | |
//! | a twin | | different things | | left alone | |
//! | still the same | | two things from now on | goes on | | |
//! | a lost create | it is this one | none of them | | | sent anew |
//!
//! Every question can be put off. *Different* is remembered for as long as both records show the name, key and country that
//! they show now: they are no candidates of each other, nor is the partner of one a candidate of the other. What then has no
//! counterpart is created, if scope and rules allow: that is what two firms are. *Left alone* rests for as long as the other
//! one goes on, and is neither matched nor created.

use anyhow::{anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};

use super::gather;
use crate::commands::links::add::join;
use crate::commands::links::{free, lines};
use crate::config::Settings;
use crate::daemon::control::protocol::Answer;
use crate::domain::matching::identity;
use crate::domain::plan::{Asks, Question, RecordRef};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::Locale;
use crate::render::clean::Clean;
use crate::render::words::{self, when};
use crate::store::action::StepOp;
use crate::store::answer::{self, Says, Shown};
use crate::store::seen::{self, Seen, SeenId};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, intent, link, waiting};

/// How long after it was sent may a create still arrive? Longer than any request, and than an index lags behind.
const STILL_UNDER_WAY: TimeDelta = TimeDelta::minutes(15);

/// Answers a question, or asks it again, if a record of it moved since: then nothing is done. Returns what is told.
pub(in crate::commands) async fn carry_out(
    store: &mut Store,
    settings: &Settings,
    now: DateTime<Utc>,
    number: i64,
    given: &Answer,
) -> anyhow::Result<String> {
    let mut transaction = store.begin().await?;
    if let Some(renewed) = waiting::renew_if_moved(&mut transaction, number).await? {
        transaction.commit().await.map_err(StoreError::from)?;
        bail!(
            "a record of question {number} moved since it was asked: nothing was done, and it is asked again as question \
             {renewed}; look at it with `flowtly-sync questions`, and at the records with `flowtly-sync explain`"
        );
    }
    let items = gather(&mut transaction, settings.locale(), |_| true).await?;
    let Some(item) = items.into_iter().find(|item| item.waiting.id == number) else {
        bail!(
            "there is no question {number} (any more): it is over, or it is asked anew under another number; \
             `flowtly-sync questions` lists those that wait"
        );
    };
    let subject = waiting::question_subjects(&mut transaction).await?.get(&number).copied();
    let rows = seen::by_id(&mut transaction, settings.locale(), &subject.into_iter().collect::<Vec<_>>()).await?;
    let Some(subject) = rows.into_iter().next() else { bail!("the record of question {number} vanished") };
    let mut answering = Answering {
        connection: &mut transaction,
        locale: settings.locale(),
        now,
        number,
        kind: item.kind,
        question: item.waiting.question,
        subject,
    };
    let mut told = answering.take(given).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    told.insert(0, format!("{number}: {}", Clean(&item.sentence)));
    Ok(lines(&told))
}

struct Answering<'a> {
    connection: &'a mut Connection,
    locale: &'a Locale,
    now: DateTime<Utc>,
    number: i64,
    kind: Kind,
    question: Question,
    subject: Seen,
}

impl Answering<'_> {
    async fn take(&mut self, given: &Answer) -> anyhow::Result<Vec<String>> {
        let asks = self.question.asks;
        match (given, asks) {
            (Answer::Postpone(time), _) => {
                let until = TimeDelta::from_std(*time).ok().and_then(|time| self.now.checked_add_signed(time));
                let until = until.ok_or_else(|| anyhow!("that is longer than time lasts"))?;
                waiting::postpone(self.connection, self.number, until).await?;
                Ok(vec![format!("put off until {}, unless something else is asked before", when(until))])
            }
            (Answer::Link(id), Asks::WhichOf | Asks::SameThing | Asks::LostCreate | Asks::Duplicate) => {
                self.link(id).await
            }
            (Answer::Separate, Asks::WhichOf | Asks::SameThing | Asks::Duplicate | Asks::Twin | Asks::LostCreate) => {
                self.separate().await
            }
            (Answer::Separate, Asks::StillTheSame) => self.part().await,
            (Answer::Same, Asks::StillTheSame) => self.confirm().await,
            (Answer::Copy, Asks::Duplicate | Asks::Twin) => self.leave_alone().await,
            (Answer::NeverHappened, Asks::LostCreate) => self.never_happened().await,
            (Answer::Link(_), Asks::Twin | Asks::StillTheSame)
            | (Answer::Same, Asks::WhichOf | Asks::SameThing | Asks::Duplicate | Asks::Twin | Asks::LostCreate)
            | (Answer::Copy, Asks::WhichOf | Asks::SameThing | Asks::StillTheSame | Asks::LostCreate)
            | (
                Answer::NeverHappened,
                Asks::WhichOf | Asks::SameThing | Asks::Duplicate | Asks::Twin | Asks::StillTheSame,
            ) => {
                bail!(
                    "question {} cannot be answered so; it takes {}",
                    self.number,
                    words::answer_options(&self.question).join(", ")
                )
            }
        }
    }

    /// It is this candidate.
    async fn link(&mut self, id: &RemoteId) -> anyhow::Result<Vec<String>> {
        let side = self.question.subject.side;
        let there: Vec<&RecordRef> =
            self.question.candidates.iter().map(|note| &note.record).filter(|record| record.side != side).collect();
        if !there.iter().any(|record| record.id == *id) {
            let ids: Vec<String> = there.iter().map(|record| Clean(&record.id).to_string()).collect();
            let ids = if ids.is_empty() { "it has none".to_owned() } else { ids.join(", ") };
            bail!("{} is no candidate of question {}; its candidates are: {ids}", Clean(id), self.number);
        }
        let (flowtly, crm) = match side {
            Side::Flowtly => (self.subject.record.id.clone(), id.clone()),
            Side::Crm => (id.clone(), self.subject.record.id.clone()),
        };
        join(self.connection, self.locale, self.now, self.kind, &flowtly, &crm).await
    }

    /// It is none of them.
    async fn separate(&mut self) -> anyhow::Result<Vec<String>> {
        let candidates = self.candidates().await?;
        for candidate in &candidates {
            self.remember(self.subject.id, candidate, Says::Different).await?;
        }
        self.over().await?;
        let names: Vec<String> = candidates.iter().map(|row| words::reference(&row.reference())).collect();
        Ok(vec![format!(
            "different from {}: not asked again while their names and keys stay as they are; the next pass looks for \
             another counterpart, or creates one if scope and rules allow",
            names.join(", ")
        )])
    }

    /// It is a copy.
    async fn leave_alone(&mut self) -> anyhow::Result<Vec<String>> {
        let candidates = self.candidates().await?;
        for candidate in &candidates {
            self.remember(self.subject.id, candidate, Says::Copy).await?;
        }
        self.over().await?;
        // What was asked about the other one may be over now.
        let others: Vec<Subject> =
            candidates.iter().filter(|row| row.link.is_none()).map(|row| Subject::Seen(row.id)).collect();
        todo::arm(self.connection, self.kind, &others, Why::Decided, Some(self.now)).await?;
        Ok(vec!["a copy: neither matched nor created while the other one goes on".to_owned()])
    }

    /// It still is the same thing: the rules go on as if nobody had wondered.
    async fn confirm(&mut self) -> anyhow::Result<Vec<String>> {
        let (flowtly, crm, _) = self.pair().await?;
        self.remember(flowtly.id, &crm, Says::Same).await?;
        self.over().await?;
        Ok(vec!["still the same: the next pass carries name and key over, as the rules say".to_owned()])
    }

    /// Another thing under an old id: two records from now on.
    async fn part(&mut self) -> anyhow::Result<Vec<String>> {
        let (flowtly, crm, link) = self.pair().await?;
        free(self.connection, self.locale, self.now, &link).await?;
        self.remember(flowtly.id, &crm, Says::Different).await?;
        self.over().await?;
        Ok(vec![format!(
            "two things: link {} is dissolved; the next pass looks for a counterpart of each, or creates one if scope and \
             rules allow",
            link.id.0
        )])
    }

    /// The create was lost for good.
    async fn never_happened(&mut self) -> anyhow::Result<Vec<String>> {
        let open = intent::open(self.connection).await?;
        let lost: Vec<_> = open
            .iter()
            .filter(|intent| intent.op == StepOp::Create && intent.source == Some(self.subject.id))
            .collect();
        for intent in &lost {
            if let Some(over) = intent.sending.map(|sent| sent + STILL_UNDER_WAY).filter(|over| *over > self.now) {
                bail!(
                    "it was sent a moment ago and may still arrive; say so after {}, or wait for the next complete pass",
                    when(over)
                );
            }
            intent::close(self.connection, self.now, intent.id, intent::Outcome::Void).await?;
        }
        // What appeared meanwhile is not what was sent, or it would have arrived.
        if !self.question.candidates.is_empty() {
            for candidate in self.candidates().await? {
                self.remember(self.subject.id, &candidate, Says::Different).await?;
            }
        }
        self.over().await?;
        Ok(vec!["never arrived: the next pass decides about it afresh".to_owned()])
    }

    /// Both halves of the subject's pair.
    async fn pair(&mut self) -> anyhow::Result<(Seen, Seen, link::Link)> {
        let vanished = || anyhow!("the pair of question {} is none any more; run a pass first", self.number);
        let id = self.subject.link.ok_or_else(vanished)?;
        let mut halves = seen::by_link(self.connection, self.locale, &[id]).await?;
        halves.sort_by_key(|half| half.record.side);
        let link = link::by_id(self.connection, &[id]).await?.remove(&id).ok_or_else(vanished)?;
        let [flowtly, crm] = <[Seen; 2]>::try_from(halves).map_err(|_| vanished())?;
        Ok((flowtly, crm, link))
    }

    /// The candidates as they were read; all of them, or an answer would leave some open.
    async fn candidates(&mut self) -> anyhow::Result<Vec<Seen>> {
        if self.question.candidates.is_empty() {
            bail!(
                "question {} names no other record to answer about; {}",
                self.number,
                words::mend_by_hand(&self.question)
            );
        }
        let mut rows = Vec::with_capacity(self.question.candidates.len());
        for note in &self.question.candidates {
            let RecordRef { side, id, parent } = &note.record;
            let found = seen::by_remote_id(self.connection, self.locale, *side, self.kind, &[id.as_str()]).await?;
            let Some(row) = found.into_iter().find(|row| row.record.parent == *parent) else {
                bail!(
                    "{} {} was never read; run `flowtly-sync reconcile --full` first",
                    self.kind,
                    words::reference(&note.record)
                );
            };
            rows.push(row);
        }
        Ok(rows)
    }

    async fn remember(&mut self, one: SeenId, other: &Seen, says: Says) -> anyhow::Result<()> {
        let rows = seen::by_id(self.connection, self.locale, &[one]).await?;
        let first = rows.first().ok_or_else(|| anyhow!("a record vanished while it was looked at; run it again"))?;
        let shown = |row: &Seen| Shown { row: row.id, identity: identity(&row.record) };
        let answer = answer::Answer { one: shown(first), other: shown(other), says };
        Ok(answer::put(self.connection, &answer, self.now).await?)
    }

    /// The question is answered, and its record looked at by the next pass.
    async fn over(&mut self) -> anyhow::Result<()> {
        waiting::close_questions(self.connection, &[self.subject.id]).await?;
        let rows = seen::by_id(self.connection, self.locale, &[self.subject.id]).await?;
        let subjects: Vec<Subject> =
            rows.iter().map(|row| row.link.map_or(Subject::Seen(row.id), Subject::Link)).collect();
        todo::arm(self.connection, self.kind, &subjects, Why::Decided, Some(self.now)).await?;
        Ok(())
    }
}
