//! Two records are the same: a person says so.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};

use super::{BY_HAND, WITH_COMPANY, free};
use crate::clock::Clock;
use crate::commands::{deciding, named};
use crate::config::Settings;
use crate::daemon::control::protocol::Ask;
use crate::domain::plan::LinkId;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::value::{Locale, Text};
use crate::store::base::{self, Bases, Entry};
use crate::store::link::{self, Link, LinkState, NewLink};
use crate::store::seen::{self, Seen};
use crate::store::todo::{self, Subject, Why};
use crate::store::{Connection, Store, StoreError, answer, pass};
use crate::sync::apply::wake_contacts;

/// Joins two records. Both must have been read, neither may have a partner, and the companies of contacts must be each
/// other's. A separated pair goes on where it was, with what was agreed; a half of one may be given another partner instead, and
/// meets it for the first time. The next pass looks at the pair. Exit code 0.
pub async fn add(
    settings: &Settings,
    clock: &dyn Clock,
    kind: Kind,
    flowtly: &RemoteId,
    crm: &RemoteId,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    deciding::decide(settings, clock, Ask::Link { kind, flowtly: flowtly.clone(), crm: crm.clone() }, out).await
}

pub(in crate::commands) async fn carry_out(
    store: &mut Store,
    settings: &Settings,
    now: DateTime<Utc>,
    kind: Kind,
    flowtly: &RemoteId,
    crm: &RemoteId,
) -> anyhow::Result<String> {
    let mut transaction = store.begin().await?;
    let told = join(&mut transaction, settings.locale(), now, kind, flowtly, crm).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(super::lines(&told))
}

/// Joins two records. Returns what is told, a line each.
pub(in crate::commands) async fn join(
    connection: &mut Connection,
    locale: &Locale,
    now: DateTime<Utc>,
    kind: Kind,
    flowtly: &RemoteId,
    crm: &RemoteId,
) -> anyhow::Result<Vec<String>> {
    Joining { kind, locale, now }.join(connection, flowtly, crm).await
}

struct Joining<'a> {
    kind: Kind,
    locale: &'a Locale,
    now: DateTime<Utc>,
}

impl Joining<'_> {
    async fn join(
        &self,
        connection: &mut Connection,
        flowtly: &RemoteId,
        crm: &RemoteId,
    ) -> anyhow::Result<Vec<String>> {
        let ours = self.rows(connection, Side::Flowtly, flowtly).await?;
        let theirs = self.rows(connection, Side::Crm, crm).await?;
        let (ours, theirs, parent) = match self.kind {
            Kind::Company => {
                let pair = ours.into_iter().next().zip(theirs.into_iter().next());
                let (ours, theirs) =
                    pair.ok_or_else(|| anyhow!("a record vanished while it was looked at; run it again"))?;
                (ours, theirs, None)
            }
            Kind::Contact => self.at_one_company(connection, ours, theirs).await?,
        };
        for half in [&ours, &theirs] {
            if half.gone {
                let name = named::plain(self.kind, half.record.side, &half.record.id);
                bail!("{name} is gone there; link the record that took its place, or restore it and run a pass first");
            }
        }
        let links: Vec<LinkId> = [ours.link, theirs.link].into_iter().flatten().collect();
        let links = link::by_id(connection, &links).await?;
        let mut told = Vec::new();
        let id = match links.values().next() {
            Some(link) if ours.link == theirs.link => self.revive(connection, link, &mut told).await?,
            Some(_) | None => {
                for link in links.values() {
                    let side = if Some(link.id) == ours.link { Side::Flowtly } else { Side::Crm };
                    self.free(connection, link, side, &mut told).await?;
                }
                self.make(connection, &ours, &theirs, parent).await?
            }
        };
        todo::arm(connection, self.kind, &[Subject::Link(id)], Why::Decided, Some(self.now)).await?;
        if self.kind == Kind::Company {
            for company in [(Side::Flowtly, flowtly), (Side::Crm, crm)] {
                wake_contacts(connection, self.locale, company, Why::Staged, self.now).await?;
            }
        }
        let names = named::pairs(connection, self.locale, &[id]).await?;
        let name = names.get(&id).map_or_else(String::new, crate::render::words::Named::line);
        told.insert(0, format!("linked: {name}, link {}; the next pass looks at the pair", id.0));
        Ok(told)
    }

    async fn rows(&self, connection: &mut Connection, side: Side, id: &RemoteId) -> anyhow::Result<Vec<Seen>> {
        let rows = seen::by_remote_id(connection, self.locale, side, self.kind, &[id.as_str()]).await?;
        if rows.is_empty() {
            let name = named::plain(self.kind, side, id);
            bail!("{name} was never read; check the id, or run `flowtly-sync reconcile --full` first");
        }
        Ok(rows)
    }

    /// A person may be at several companies of the CRM: the two rows whose companies are each other's, and their link.
    async fn at_one_company(
        &self,
        connection: &mut Connection,
        ours: Vec<Seen>,
        theirs: Vec<Seen>,
    ) -> anyhow::Result<(Seen, Seen, Option<LinkId>)> {
        let our_homes = self.homes(connection, Side::Flowtly, &ours).await?;
        let their_homes = self.homes(connection, Side::Crm, &theirs).await?;
        let home = |row: &Seen, homes: &BTreeMap<RemoteId, Link>| {
            row.record.parent.as_ref().and_then(|parent| homes.get(parent)).map(|link| link.id)
        };
        for our_row in &ours {
            let Some(our_home) = home(our_row, &our_homes) else { continue };
            if let Some(their_row) = theirs.iter().find(|row| home(row, &their_homes) == Some(our_home)) {
                return Ok((our_row.clone(), their_row.clone(), Some(our_home)));
            }
        }
        let companies = |rows: &[Seen]| {
            let ids: Vec<&str> =
                rows.iter().filter_map(|row| row.record.parent.as_ref().map(RemoteId::as_str)).collect();
            if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
        };
        bail!(
            "the companies of these contacts are not linked with each other (in Flowtly {}, in the CRM {}); link them \
             first: `flowtly-sync links add company FLOWTLY_ID CRM_ID`",
            companies(&ours),
            companies(&theirs)
        );
    }

    /// The living links of these contacts' companies, by the company's id.
    async fn homes(
        &self,
        connection: &mut Connection,
        side: Side,
        contacts: &[Seen],
    ) -> Result<BTreeMap<RemoteId, Link>, StoreError> {
        let ids: Vec<&str> =
            contacts.iter().filter_map(|row| row.record.parent.as_ref().map(RemoteId::as_str)).collect();
        let links = link::by_remote_id(connection, Kind::Company, side, &ids).await?;
        Ok(links
            .into_iter()
            .filter(|link| link.state != LinkState::Tombstone)
            .map(|link| (link.remote_id(side).clone(), link))
            .collect())
    }

    async fn make(
        &self,
        connection: &mut Connection,
        ours: &Seen,
        theirs: &Seen,
        parent: Option<LinkId>,
    ) -> Result<LinkId, StoreError> {
        let pass = pass::last(connection, 1).await?.first().map_or(0, |pass| pass.id);
        let new = NewLink {
            kind: self.kind,
            parent,
            flowtly: (ours.id, &ours.record.id),
            crm: (theirs.id, &theirs.record.id),
            reason: BY_HAND,
            pass,
        };
        let id = link::insert(connection, &new).await?;
        // What was said before, that they are two, is taken back.
        answer::remove(connection, ours.id, theirs.id).await?;
        self.agree_on_company(connection, id, parent).await?;
        Ok(id)
    }

    async fn revive(&self, connection: &mut Connection, link: &Link, told: &mut Vec<String>) -> anyhow::Result<LinkId> {
        if link.state != LinkState::Tombstone {
            bail!("these two are linked with each other already (link {})", link.id.0);
        }
        link::set_state(connection, link.id, LinkState::Live, BY_HAND).await?;
        link::assess(connection, &[(link.id, "due", None)]).await?;
        told.push("the pair was separated before: it goes on with what was agreed then".to_owned());
        if self.kind == Kind::Company {
            let contacts = link::of_company(connection, link.id).await?;
            let contacts: Vec<&Link> = contacts
                .iter()
                .filter(|contact| contact.state == LinkState::Tombstone && contact.reason == WITH_COMPANY)
                .collect();
            for contact in &contacts {
                link::set_state(connection, contact.id, LinkState::Live, BY_HAND).await?;
                link::assess(connection, &[(contact.id, "due", None)]).await?;
                let about = [Subject::Link(contact.id)];
                todo::arm(connection, Kind::Contact, &about, Why::Decided, Some(self.now)).await?;
            }
            if !contacts.is_empty() {
                told.push(format!("its contacts that were separated with it are linked again: {}", contacts.len()));
            }
        }
        Ok(link.id)
    }

    /// The half on `side` of a separated pair is given another partner: what was agreed with the old one means nothing
    /// any more. The partner that it had, and the contacts of both, are records without a link from now on.
    async fn free(
        &self,
        connection: &mut Connection,
        link: &Link,
        side: Side,
        told: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let there = side.opposite();
        if link.state != LinkState::Tombstone {
            bail!(
                "{} is linked with {} (link {}); separate them first: `flowtly-sync links remove {} {}`",
                named::plain(self.kind, side, link.remote_id(side)),
                named::plain(self.kind, there, link.remote_id(there)),
                link.id.0,
                self.kind,
                link.flowtly_id
            );
        }
        free(connection, self.locale, self.now, link).await?;
        told.push(format!(
            "{} has no link any more: the next pass looks for its partner, or creates one",
            named::plain(self.kind, there, link.remote_id(there))
        ));
        Ok(())
    }

    /// That a contact is at its company is agreed as soon as it is linked there.
    async fn agree_on_company(
        &self,
        connection: &mut Connection,
        link: LinkId,
        parent: Option<LinkId>,
    ) -> Result<(), StoreError> {
        let Some(parent) = parent else { return Ok(()) };
        let entry = Entry { key: base::PARENT_KEY, text: Some(Text::whole(parent.0.to_string())) };
        let rows =
            Side::BOTH.map(|side| (link, side, Bases::from([(crate::domain::field::Field::Parent, entry.clone())])));
        base::put(connection, &rows).await
    }
}
