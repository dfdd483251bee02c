//! Creates and updates: what is sent is stored, and nothing else moves.

use std::collections::BTreeSet;

use flowtly_sync::connector::error::Outcome;
use flowtly_sync::connector::port::{Lookup, ParentWrite, Target, Write, Written};
use flowtly_sync::domain::field::Field;
use flowtly_sync::domain::record::Kind;
use flowtly_sync::domain::shape::{Delivered, Row};
use flowtly_sync::domain::value::{Reading, Text};
use flowtly_sync::sandbox::{Manner, Property};

use super::walks::{another_phone, made};
use super::{BATCHES, CREATE_BATCHES, Case, Need, UNIQUE_ID, Verdict, case};
use crate::bench::{Bench, Fields, stored};

pub const CASES: &[Case] = &[
    case!("a create with every optional field stores all of them", [], create_full),
    case!("a create with the least leaves the optional fields blank, not unknown", [], create_least),
    case!("an update of one field leaves the others", [], patch_one),
    case!("a field is cleared", [], clear),
    case!("texts of all scripts come back as they were sent", [], unicode),
    case!("a text that is too long is stored whole, cut, or refused, and never anything else", [], too_long),
    case!("what the server changes comes back as stored", [Need::Server], changed_by_the_server),
    case!("what the server ignores comes back as it was", [Need::Server], ignored_by_the_server),
    case!("our id is unique: a second record with it is refused", [UNIQUE_ID], duplicate),
    case!("one bad item of a batch fails alone", [Need::Server, BATCHES], one_bad_item),
    case!("one bad item of a batch of creates doubles nobody else", [Need::Server, CREATE_BATCHES], one_bad_create),
    case!("creates of one batch are answered in their order", [], batch_order),
    case!("writing what was read changes nothing", [], write_what_was_read),
];

fn phone(kind: Kind) -> Field {
    *another_phone(kind).first_key_value().unwrap().0
}

async fn full(bench: &Bench, kind: Kind) -> (Row, Fields) {
    let mut fields = bench.least(kind);
    fields.extend(bench.optional(kind));
    assert!(fields.contains_key(&phone(kind)), "{kind}: a telephone is mapped everywhere");
    let company = match kind {
        Kind::Company => None,
        Kind::Contact => Some(bench.company().await.id),
    };
    (bench.create(kind, &fields, company.as_ref()).await, fields)
}

async fn create_full(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (row, fields) = full(bench, kind).await;
        bench.assert_says(kind, &row, &fields);
        let read = bench.read(kind, &row.id).await;
        assert_eq!(read.texts, row.texts, "{kind}: the reply of a create is what is stored");
        if bench.is_embedded() {
            let number = bench.number(&row.id);
            let shown = bench.server().text(kind, number, Property::Phone);
            assert!(shown.is_some(), "{kind}: people see the telephone");
        }
    }
    Ok(())
}

async fn create_least(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        let read = bench.read(kind, &row.id).await;
        for field in bench.optional(kind).keys() {
            assert_eq!(bench.reading(kind, &row, *field), Reading::Blank, "{kind} {field}, the reply");
            assert_eq!(bench.reading(kind, &read, *field), Reading::Blank, "{kind} {field}, read again");
        }
        assert!(read.texts.iter().all(|text| *text != Delivered::Unknown), "{kind}: {:?}", read.texts);
    }
    Ok(())
}

async fn patch_one(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (row, mut fields) = full(bench, kind).await;
        let changed = stored(bench.update(kind, &row, &another_phone(kind)).await);
        fields.extend(another_phone(kind));
        assert_eq!(changed.id, row.id);
        bench.assert_says(kind, &changed, &fields);
        bench.assert_says(kind, &bench.read(kind, &row.id).await, &fields);
        assert_eq!(changed.parents, row.parents, "{kind}: it stays where it was");
    }
    Ok(())
}

async fn clear(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (row, mut fields) = full(bench, kind).await;
        let blank = Fields::from([(phone(kind), Text::whole(""))]);
        let changed = stored(bench.update(kind, &row, &blank).await);
        assert_eq!(bench.reading(kind, &changed, phone(kind)), Reading::Blank, "{kind}");
        fields.remove(&phone(kind));
        let read = bench.read(kind, &row.id).await;
        assert_eq!(bench.reading(kind, &read, phone(kind)), Reading::Blank, "{kind}");
        bench.assert_says(kind, &read, &fields);
        if bench.is_embedded() {
            assert_eq!(bench.server().text(kind, bench.number(&row.id), Property::Phone), None);
        }
    }
    Ok(())
}

async fn unicode(bench: &Bench) -> Verdict {
    for text in ["Zażółć gęślą jaźń", "Ελληνικά ΑΕ", "株式会社さくら", "شركة النور", "O'Neill & Søn \"A/S\"", "Café 🏢"]
    {
        let fields =
            Fields::from([(Field::Name, Text::whole(format!("{} {text}", bench.least(Kind::Company)[&Field::Name])))]);
        let row = bench.company().await;
        let changed = stored(bench.update(Kind::Company, &row, &fields).await);
        bench.assert_says(Kind::Company, &changed, &fields);
        bench.assert_says(Kind::Company, &bench.read(Kind::Company, &row.id).await, &fields);
    }
    // Angle brackets are a text like any other, or are refused as such, and never taken for what they look like.
    let text = format!("{} <b>&amp;", bench.least(Kind::Company)[&Field::Name]);
    let fields = Fields::from([(Field::Name, Text::whole(text))]);
    let row = bench.company().await;
    match bench.update(Kind::Company, &row, &fields).await {
        Written::Stored(changed) => bench.assert_says(Kind::Company, &changed, &fields),
        Written::Failed(error) => assert!(error.kind.is_about_record() && !error.fields.is_empty(), "{error}"),
    }
    Ok(())
}

async fn too_long(bench: &Bench) -> Verdict {
    for length in [250, 300, 5_000] {
        let row = bench.company().await;
        let before = bench.read(Kind::Company, &row.id).await;
        let name = format!("{} {}", bench.least(Kind::Company)[&Field::Name], "ż".repeat(length));
        let fields = Fields::from([(Field::Name, Text::whole(name.clone()))]);
        let written = bench.update(Kind::Company, &row, &fields).await;
        let read = bench.read(Kind::Company, &row.id).await;
        match written {
            Written::Stored(changed) => {
                assert_eq!(changed.texts, read.texts, "the reply is what is stored");
                let shown = bench.reading(Kind::Company, &read, Field::Name).text().unwrap().to_string();
                assert!(
                    name.starts_with(shown.trim_end()),
                    "{} characters, neither whole nor cut",
                    shown.chars().count()
                );
            }
            Written::Failed(error) => {
                assert!(error.kind.is_about_record() && error.kind.outcome() == Outcome::NotApplied, "{error}");
                assert_eq!(read.texts, before.texts, "a refused write changed something");
            }
        }
    }
    Ok(())
}

async fn changed_by_the_server(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let row = made(bench, kind).await;
        let (collection, property) = bench.server().place(kind, Property::Phone);
        bench.server().manners().set(collection, property, Manner::Cut(6));
        let changed = stored(bench.update(kind, &row, &another_phone(kind)).await);
        bench.server().manners().clear();
        let shown = bench.reading(kind, &changed, phone(kind)).text().unwrap().to_string();
        assert_eq!(shown, "+48586", "{kind}: what was stored, not what was sent");
        assert_eq!(bench.read(kind, &row.id).await.texts, changed.texts);
    }
    Ok(())
}

async fn ignored_by_the_server(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (row, fields) = full(bench, kind).await;
        let (collection, property) = bench.server().place(kind, Property::Phone);
        bench.server().manners().set(collection, property, Manner::Ignore);
        let changed = stored(bench.update(kind, &row, &another_phone(kind)).await);
        bench.server().manners().clear();
        bench.assert_says(kind, &changed, &fields);
    }
    Ok(())
}

async fn duplicate(bench: &Bench) -> Verdict {
    let id = format!("contract/{}", bench.unique().replace(' ', "-"));
    let write = || Write {
        stored_id: Some(id.clone()),
        ..bench.write_of(Kind::Company, Target::Create, &bench.least(Kind::Company))
    };
    let first = stored(bench.send(Kind::Company, write()).await);
    match bench.send(Kind::Company, write()).await {
        Written::Stored(row) => panic!("two companies, {} and {}, carry one id", first.id, row.id),
        Written::Failed(error) => {
            assert!(error.kind.is_about_record(), "{error}");
            assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{error}");
        }
    }
    Ok(())
}

async fn one_bad_item(bench: &Bench) -> Verdict {
    let kind = Kind::Company;
    let rows = [bench.company().await, bench.company().await, bench.company().await];
    assert!(bench.server().remove(kind, bench.number(&rows[1].id)));
    let writes: Vec<Write> = rows
        .iter()
        .map(|row| Target::Update { id: row.id.clone(), version: row.version.clone() })
        .map(|target| bench.write_of(kind, target, &another_phone(kind)))
        .collect();
    let written = bench.connector.write(kind, &writes).await;
    let shown: Vec<Option<&str>> = written
        .iter()
        .map(|written| match written {
            Written::Stored(row) => Some(row.id.as_str()),
            Written::Failed(error) => {
                assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{error}");
                assert!(error.kind.is_about_record(), "{error}");
                None
            }
        })
        .collect();
    assert_eq!(shown, [Some(rows[0].id.as_str()), None, Some(rows[2].id.as_str())]);
    for row in [&rows[0], &rows[2]] {
        bench.assert_says(kind, &bench.read(kind, &row.id).await, &another_phone(kind));
    }
    Ok(())
}

async fn one_bad_create(bench: &Bench) -> Verdict {
    let kind = Kind::Contact;
    let company = bench.company().await;
    let at_company = |fields: &Fields| Write {
        parent: Some(ParentWrite { from: None, to: company.id.clone() }),
        ..bench.write_of(kind, Target::Create, fields)
    };
    // Some demand a name, others an address that could be one.
    let bad = Fields::from([(Field::Email, Text::whole("no address"))]);
    let writes = [at_company(&bench.least(kind)), at_company(&bad), at_company(&bench.least(kind))];
    let before = bench.server().ids(kind).len();
    let written = bench.send_all(kind, &writes).await;
    for (place, (write, written)) in writes.iter().zip(written).enumerate() {
        match written {
            Written::Stored(row) => assert_ne!(place, 1, "{}: what is no contact was stored", row.id),
            Written::Failed(error) => {
                assert_eq!(error.kind.outcome(), Outcome::NotApplied, "{place}: {error}");
                assert!(error.kind.is_about_record(), "{place}: {error}");
                if place != 1 {
                    // A batch that is refused as a whole is taken apart by whoever sent it.
                    stored(bench.send(kind, write.clone()).await);
                }
            }
        }
    }
    assert_eq!(bench.server().ids(kind).len(), before + 2, "each of the good ones is there, once");
    Ok(())
}

async fn batch_order(bench: &Bench) -> Verdict {
    let kind = Kind::Company;
    let fields: Vec<Fields> = (0..5).map(|_| bench.least(kind)).collect();
    let size = bench.capabilities().of(kind).create_batch.max(1);
    let mut rows = Vec::new();
    for fields in fields.chunks(size) {
        let writes: Vec<Write> = fields.iter().map(|fields| bench.write_of(kind, Target::Create, fields)).collect();
        rows.extend(bench.send_all(kind, &writes).await.into_iter().map(stored));
    }
    let ids: BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
    assert_eq!((rows.len(), ids.len()), (5, 5));
    for (row, fields) in rows.iter().zip(&fields) {
        bench.assert_says(kind, row, fields);
    }
    Ok(())
}

async fn write_what_was_read(bench: &Bench) -> Verdict {
    for kind in Kind::BOTH {
        let (row, _) = full(bench, kind).await;
        let before = bench.read(kind, &row.id).await;
        let shape = bench.shape(kind);
        let writable = shape.fields().into_iter().filter(|field| shape.is_writable(*field));
        let fields: Fields =
            writable.filter_map(|field| Some((field, bench.reading(kind, &before, field).text()?))).collect();
        let written = stored(bench.update(kind, &before, &fields).await);
        assert_eq!(written.texts, before.texts, "{kind}: the reply");
        let answers = bench.connector.get(kind, std::slice::from_ref(&row.id)).await.unwrap();
        let [Lookup::Found(after)] = answers.as_slice() else { panic!("{kind}: {answers:?}") };
        assert_eq!((&after.texts, &after.parents, after.standing), (&before.texts, &before.parents, before.standing));
    }
    Ok(())
}
