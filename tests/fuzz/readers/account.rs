//! What is done with any connector, whichever system it is.

use flowtly_sync::connector::error::PortError;
use flowtly_sync::connector::port::{
    Extent, Find, Frontier, Lookup, ParentWrite, Showing, Step, Target, Write, Written,
};
use flowtly_sync::domain::matching::{company_keys, contact_keys};
use flowtly_sync::domain::plan::LinkId;
use flowtly_sync::domain::record::{Kind, RemoteId, Version};
use flowtly_sync::domain::shape::Row;

use super::script::{Bench, check, run};

/// The most pages of one walk. Replies come again, so that there are never more new ids than the input holds.
const MOST_PAGES: usize = 2_000;

impl Bench {
    /// Walks to the end and then asks what appeared since; the mark that a walk leaves can always be read.
    pub fn walk(&self, kind: Kind, extent: Extent) {
        let ended = run(async {
            let mut walk = self.connector.walk(kind, extent).await?;
            for _ in 0..MOST_PAGES {
                match walk.next().await? {
                    Step::Page(rows) => self.rows(kind, &rows),
                    Step::End(end) => return Ok(end),
                }
            }
            panic!("the walk has no end");
        });
        match ended {
            Ok(end) => {
                let again = self.appeared(kind, &end.frontier);
                if let Err(error) = again {
                    assert!(!error.message.contains("the last walk"), "its own mark cannot be read: {}", error.message);
                }
            }
            Err(error) => check(&error),
        }
    }

    /// Reads what appeared since a mark, and once more since the mark that this gives.
    pub fn appeared(&self, kind: Kind, frontier: &Frontier) -> Result<(), PortError> {
        let appeared = run(async {
            let (rows, next) = self.connector.appeared(kind, frontier).await?;
            self.rows(kind, &rows);
            self.connector.appeared(kind, &next).await
        });
        match appeared {
            Ok((rows, _)) => {
                self.rows(kind, &rows);
                Ok(())
            }
            Err(error) => {
                check(&error);
                Err(error)
            }
        }
    }

    /// Reads records by id: one answer for each, and a record that was found is the one that was asked for.
    pub fn get(&self, kind: Kind, ids: &[&str]) {
        let ids: Vec<RemoteId> = ids.iter().map(|id| RemoteId::new(*id)).collect();
        match run(self.connector.get(kind, &ids)) {
            Ok(answers) => {
                assert_eq!(answers.len(), ids.len());
                for (id, answer) in ids.iter().zip(answers) {
                    match answer {
                        Lookup::Found(row) => {
                            assert_eq!(row.id, *id);
                            self.rows(kind, &[*row]);
                        }
                        Lookup::MergedInto(survivor) => assert_ne!(survivor, *id),
                        Lookup::Gone | Lookup::Closed(_) => {}
                    }
                }
            }
            Err(error) => check(&error),
        }
    }

    /// Writes two records: one answer for each.
    pub fn write(&self, kind: Kind, target: &Target, word: &str) {
        let path = self.connector.shape(kind).paths().next().expect("something is mapped").to_owned();
        let texts = |text: Option<&str>| vec![(path.clone(), text.map(str::to_owned))];
        let parent =
            (kind == Kind::Contact).then(|| ParentWrite { from: Some(RemoteId::new("8")), to: RemoteId::new("9") });
        let stored_id = (kind == Kind::Company).then(|| "org/1".to_owned());
        let first =
            Write { target: target.clone(), texts: texts(Some(word)), parent, stored_id, apart_from: Vec::new() };
        let second = match target {
            Target::Create => Write { texts: texts(Some("another")), ..first.clone() },
            Target::Update { .. } => Write {
                target: Target::Update { id: RemoteId::new("2"), version: None },
                texts: texts(None),
                ..first.clone()
            },
        };
        let written = run(self.connector.write(kind, &[first, second]));
        assert_eq!(written.len(), 2);
        for (one, asked) in written.into_iter().zip(["1", "2"]) {
            match one {
                Written::Stored(row) => {
                    let asked = RemoteId::new(asked);
                    let is_it = row.id == asked || row.absorbed.contains(&asked);
                    assert!(*target == Target::Create || is_it, "another record was stored");
                    self.rows(kind, &[*row]);
                }
                Written::Failed(error) => check(&error),
            }
        }
    }

    /// The operations of the schema: the properties, and adding those that are missing.
    pub fn schema(&self, kind: Kind) {
        match run(self.connector.properties(kind)) {
            Ok(properties) => {
                let paths = properties.iter().map(|property| property.path.as_str());
                assert!(self.connector.shape(kind).paths().zip(paths).all(|(mapped, told)| mapped == told));
            }
            Err(error) => check(&error),
        }
        if let Err(error) = run(self.connector.add_missing(kind)) {
            check(&error);
        }
    }

    /// Who it is.
    pub fn probe(&self) {
        match run(self.connector.probe()) {
            Ok(account) => assert!(account.id.is_none_or(|id| !id.is_empty()), "an account without an id has none"),
            Err(error) => check(&error),
        }
    }

    /// The live contacts of two companies.
    pub fn children(&self, word: &str) {
        match run(self.connector.children(&[RemoteId::new("1"), RemoteId::new(word)])) {
            Ok(rows) => self.rows(Kind::Contact, &rows),
            Err(error) => check(&error),
        }
    }

    /// Looks something up.
    pub fn find(&self, kind: Kind, find: &Find) {
        match run(self.connector.find(kind, find)) {
            Ok(rows) => self.rows(kind, &rows.unwrap_or_default()),
            Err(error) => check(&error),
        }
    }

    /// The documents that are shown at a company: each carries a mark.
    pub fn shown(&self) {
        match run(self.connector.shown(&RemoteId::new("1"))) {
            Ok(shown) => assert!(shown.unwrap_or_default().iter().all(|one| !one.showing.mark.is_empty())),
            Err(error) => check(&error),
        }
    }

    /// Shows a document anew, and then under another name.
    pub fn show(&self, word: &str) {
        let showing = Showing { mark: "org/1/7".to_owned(), title: word.to_owned(), link: None };
        let (company, renamed) = (RemoteId::new("1"), Showing { title: "Plan.pdf".to_owned(), ..showing.clone() });
        match run(self.connector.show(&company, None, &showing)) {
            Ok(shown) => {
                if let Err(error) = run(self.connector.show(&company, Some(&shown.id), &renamed)) {
                    check(&error);
                }
            }
            Err(error) => check(&error),
        }
    }

    /// What is read becomes records and keys, whatever it says.
    pub fn rows(&self, kind: Kind, rows: &[Row]) {
        let shape = self.connector.shape(kind);
        let (key, width) = (shape.key(), shape.paths().count());
        for row in rows {
            assert_eq!(row.texts.len(), width, "a text for each property");
            assert!(kind == Kind::Contact || row.parents.is_empty(), "a company has no parent");
            assert_eq!(shape.raw_hash(key, row), shape.raw_hash(key, &row.clone()));
            for record in shape.records(row, self.settings.locale()) {
                let rules = self.settings.kind_rules(kind);
                match kind {
                    Kind::Company => drop(company_keys(&record, "org", rules)),
                    Kind::Contact => drop(contact_keys(&record, LinkId(1))),
                }
                assert_eq!(record.fingerprint(), record.clone().fingerprint());
            }
        }
    }
}

/// An update of the record 1.
pub fn update() -> Target {
    Target::Update { id: RemoteId::new("1"), version: Some(Version("1".to_owned())) }
}
