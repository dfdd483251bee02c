//! What was really done, for the limits of a sliding day: not what was planned, and also by passes that did not end.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::seen::parse_side;
use super::{Connection, StoreError, stamp, to_json};
use crate::domain::plan::Totals;
use crate::domain::record::Side;

/// The sort of a deed that sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A link was made between records that were there.
    Link,
    /// A person was asked about a field.
    Conflict,
    /// A pair rests, is separated, or goes on with another record, because of what this side shows.
    Pause(Side),
}

impl Deed {
    const fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Link => ("link", ""),
            Self::Conflict => ("conflict", ""),
            Self::Pause(side) => ("pause", side.as_str()),
        }
    }
}

/// Adds deeds of a pass, in the transaction that did them.
pub async fn add(
    connection: &mut Connection,
    pass: i64,
    now: DateTime<Utc>,
    deeds: &BTreeMap<Deed, u64>,
) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = deeds.iter().map(|(deed, count)| (deed.columns(), count)).collect();
    sqlx::query(
        "INSERT INTO deed (pass, sort, side, count, at) \
         SELECT ?1, value ->> '$[0][0]', value ->> '$[0][1]', value ->> 1, ?2 FROM json_each(?3) WHERE true \
         ON CONFLICT (pass, sort, side) DO UPDATE SET count = count + excluded.count, at = excluded.at",
    )
    .bind(pass)
    .bind(stamp(now))
    .bind(to_json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes over what the journal counts and is about to forget: closed writes from before `before`.
pub(super) async fn take_over(connection: &mut Connection, before: DateTime<Utc>) -> Result<(), StoreError> {
    for (sort, count) in [("op", "count(*)"), ("'blank'", "sum(blanked)")] {
        let statement = format!(
            "INSERT INTO deed (pass, sort, side, count, at) \
             SELECT pass, {sort}, side, {count}, max(closed) FROM intent WHERE closed < ?1 AND {WRITTEN} \
             GROUP BY 1, 2, 3 HAVING {count} > 0 \
             ON CONFLICT (pass, sort, side) DO UPDATE SET count = count + excluded.count, at = max(at, excluded.at)"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(stamp(before)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Closed writes that were carried out, as far as is known: one that was overtaken may have been.
const WRITTEN: &str = "op IN ('create', 'update') AND outcome IN ('settled', 'overtaken')";

/// What was done since a time. A write whose outcome is not known counts: it may have been carried out.
pub async fn done_since(connection: &mut Connection, since: DateTime<Utc>) -> Result<Totals, StoreError> {
    let statement = format!(
        "WITH write AS (SELECT op, side, blanked FROM intent WHERE closed >= ?1 AND {WRITTEN} \
         UNION ALL SELECT op, side, blanked FROM intent \
         WHERE closed IS NULL AND sending IS NOT NULL AND op IN ('create', 'update')) \
         SELECT sort, side, sum(count) FROM (SELECT sort, side, count FROM deed WHERE at >= ?1 \
         UNION ALL SELECT op, side, 1 FROM write UNION ALL SELECT 'blank', side, blanked FROM write WHERE blanked > 0) \
         GROUP BY 1, 2"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(stamp(since)).fetch_all(connection).await?;
    let mut done = Totals::default();
    for row in &rows {
        let (sort, side): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let count = u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0);
        match sort.as_str() {
            "link" => done.links += count,
            "conflict" => done.conflicts += count,
            "create" => *done.creates.entry(parse_side(&side)?).or_default() += count,
            "update" => *done.updates.entry(parse_side(&side)?).or_default() += count,
            "blank" => *done.blanked.entry(parse_side(&side)?).or_default() += count,
            "pause" => *done.pauses.entry(parse_side(&side)?).or_default() += count,
            other => return Err(StoreError::Unreadable { place: "deed.sort", message: other.to_owned() }),
        }
    }
    Ok(done)
}

/// Forgets deeds from before `before`.
pub async fn prune(connection: &mut Connection, before: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM deed WHERE at < ?1").bind(stamp(before)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use chrono::TimeDelta;
    use sqlx::ConnectOptions as _;
    use sqlx::migrate::Migrator;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::domain::field::Field;
    use crate::domain::plan::{Action, ActionId, Change, Op, Reason};
    use crate::domain::record::Kind;
    use crate::domain::value::Text;
    use crate::store::action::StepOp;
    use crate::store::intent::{self, Body, New, Outcome};
    use crate::store::{MIGRATIONS, pass};

    async fn migrated(up_to: i64) -> Connection {
        let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        let migrations = MIGRATIONS.iter().filter(|migration| migration.version <= up_to).cloned().collect();
        let some = Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT };
        some.run(&mut connection).await.unwrap();
        connection
    }

    fn at(hours: i64) -> DateTime<Utc> {
        "2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
    }

    fn write(op: StepOp, side: Side, cleared: usize) -> New {
        let change = Change {
            field: Field::Phone,
            before: Text::whole("1"),
            after: Text::default(),
            source: Text::default(),
            reason: Reason::OneWay,
        };
        let action = Action {
            id: ActionId(1),
            kind: Kind::Company,
            label: String::new(),
            link: None,
            flowtly: None,
            crm: None,
            op: match op {
                StepOp::Create => Op::Create { side, fields: Vec::new(), parent: None },
                StepOp::Stamp => Op::Stamp,
                StepOp::Update | StepOp::Local => Op::Update { side, changes: vec![change; cleared] },
            },
            reason: Reason::New,
        };
        let body = Body { action, stored_id: None, parent: None, highest: None, copied: Vec::new(), doubt: None };
        New { op, side, link: None, source: None, target: None, body }
    }

    /// One write of each outcome: what is known not to have happened is no deed.
    #[tokio::test]
    async fn the_journal_counts_what_was_or_may_have_been_carried_out_also_after_it_forgot() {
        let mut connection = migrated(i64::MAX).await;
        let writes: Vec<New> = [3, 5, 7, 11, 13, 17].map(|cleared| write(StepOp::Update, Side::Crm, cleared)).into();
        let ids = intent::insert(&mut connection, 1, at(0), &writes).await.unwrap();
        let others = [write(StepOp::Create, Side::Flowtly, 0), write(StepOp::Stamp, Side::Crm, 0)];
        let others = intent::insert(&mut connection, 2, at(0), &others).await.unwrap();
        intent::mark_sending(&mut connection, at(0), &ids[..5]).await.unwrap();
        intent::mark_sending(&mut connection, at(0), &others).await.unwrap();
        let outcomes = [Outcome::Settled, Outcome::Overtaken, Outcome::Refused, Outcome::Void];
        for (id, outcome) in ids.iter().zip(outcomes) {
            intent::close(&mut connection, at(1), *id, outcome).await.unwrap();
        }
        for id in others {
            intent::close(&mut connection, at(2), id, Outcome::Settled).await.unwrap();
        }
        // The fifth was sent and nobody knows; the sixth was never sent.
        let expected = Totals {
            creates: BTreeMap::from([(Side::Flowtly, 1)]),
            updates: BTreeMap::from([(Side::Crm, 3)]),
            blanked: BTreeMap::from([(Side::Crm, 3 + 5 + 13)]),
            ..Totals::default()
        };
        assert_eq!(done_since(&mut connection, at(1)).await.unwrap(), expected);
        intent::prune(&mut connection, at(2)).await.unwrap();
        assert_eq!(done_since(&mut connection, at(1)).await.unwrap(), expected, "half of it forgotten");
        intent::prune(&mut connection, at(3)).await.unwrap();
        intent::prune(&mut connection, at(3)).await.unwrap();
        assert_eq!(done_since(&mut connection, at(1)).await.unwrap(), expected, "counted once");
        let later = done_since(&mut connection, at(2)).await.unwrap();
        assert_eq!((later.updates.get(&Side::Crm), later.creates.get(&Side::Flowtly)), (Some(&1), Some(&1)));
        prune(&mut connection, at(2)).await.unwrap();
        assert_eq!(done_since(&mut connection, at(0)).await.unwrap(), later);
    }

    #[tokio::test]
    async fn deeds_that_send_nothing_add_up() {
        let mut connection = migrated(i64::MAX).await;
        let deeds = BTreeMap::from([(Deed::Link, 3), (Deed::Conflict, 2), (Deed::Pause(Side::Crm), 1)]);
        for (pass, hours) in [(1, 0), (1, 1), (2, 5)] {
            add(&mut connection, pass, at(hours), &deeds).await.unwrap();
        }
        add(&mut connection, 2, at(9), &BTreeMap::new()).await.unwrap();
        let sum = |times: u64| Totals {
            links: 3 * times,
            conflicts: 2 * times,
            pauses: BTreeMap::from([(Side::Crm, times)]),
            ..Totals::default()
        };
        assert_eq!(done_since(&mut connection, at(1)).await.unwrap(), sum(3), "a pass counts by its last deed");
        assert_eq!(done_since(&mut connection, at(2)).await.unwrap(), sum(1));
        assert_eq!(done_since(&mut connection, at(6)).await.unwrap(), Totals::default());
    }

    /// A state of an earlier release knows its passes by what they had planned; its day goes on.
    #[tokio::test]
    async fn a_state_of_an_earlier_release_keeps_its_day() {
        let mut connection = migrated(2).await;
        let totals = Totals {
            links: 4,
            creates: BTreeMap::from([(Side::Crm, 40), (Side::Flowtly, 0)]),
            updates: BTreeMap::from([(Side::Flowtly, 2)]),
            blanked: BTreeMap::from([(Side::Flowtly, 1)]),
            ..Totals::default()
        };
        for (outcome, hours) in [("applied", 0), ("partly", 1), ("refused", 2), ("failed", 3), ("planned", 4)] {
            let id = pass::begin(&mut connection, at(hours), "complete").await.unwrap();
            pass::end(&mut connection, id, at(hours), outcome, &totals, None, None).await.unwrap();
        }
        pass::begin(&mut connection, at(5), "complete").await.unwrap();
        MIGRATIONS.run(&mut connection).await.unwrap();
        let day = done_since(&mut connection, at(0)).await.unwrap();
        let expected = Totals {
            links: 8,
            creates: BTreeMap::from([(Side::Crm, 80)]),
            updates: BTreeMap::from([(Side::Flowtly, 4)]),
            blanked: BTreeMap::from([(Side::Flowtly, 2)]),
            ..Totals::default()
        };
        assert_eq!(day, expected);
    }
}
