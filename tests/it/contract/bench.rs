//! What a case works with: one connector, the server behind it where it is ours, and the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use flowtly_sync::clock::{Clock, ManualClock};
use flowtly_sync::config::{self, Environment, Settings};
use flowtly_sync::connector::port::{
    Capabilities, Connector, Extent, Lookup, ParentWrite, Step, Target, WalkEnd, Write, Written,
};
use flowtly_sync::connector::registry::{Transports, connect};
use flowtly_sync::domain::field::{Field, Part};
use flowtly_sync::domain::record::{Kind, RemoteId, Side};
use flowtly_sync::domain::shape::{Row, Shape};
use flowtly_sync::domain::value::{Locale, Reading, Text};
use flowtly_sync::sandbox::{
    CrmServer, EMBEDDED, Embedded, FlowtlyOptions, FlowtlyServer, OdooOptions, OdooServer, RouterTransport,
};

use crate::office::Office;

/// How every record that a case makes is named.
pub const MARK: &str = "flowtly-sync contract";

/// An Odoo that computes who is a company, beside the one in which that is a mark: both conversations are kept to the contract.
static ODOO_THAT_COMPUTES: Embedded = Embedded {
    name: "odoo 19.1",
    start: |clock| {
        let id_field = Some("x_flowtly_id".to_owned());
        let options = OdooOptions { computes_companies: true, id_field, ..OdooOptions::default() };
        Arc::new(OdooServer::new(options, clock))
    },
};

/// A system over whose embedded server the cases run.
#[derive(Debug, Clone, Copy)]
pub enum System {
    Flowtly,
    Crm(&'static Embedded),
}

impl System {
    pub fn all() -> Vec<Self> {
        let crms = EMBEDDED.iter().chain([&ODOO_THAT_COMPUTES]).map(Self::Crm);
        [Self::Flowtly].into_iter().chain(crms).collect()
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Flowtly => "flowtly",
            Self::Crm(embedded) => embedded.name,
        }
    }

    const fn side(self) -> Side {
        match self {
            Self::Flowtly => Side::Flowtly,
            Self::Crm(_) => Side::Crm,
        }
    }
}

/// The fields that a case writes.
pub type Fields = BTreeMap<Field, Text>;

/// One connector at work.
pub struct Bench {
    pub connector: Arc<dyn Connector>,
    pub clock: Arc<dyn Clock>,
    server: Option<Arc<dyn CrmServer>>,
    defaults: BTreeMap<(Kind, Field), Text>,
    locale: Locale,
    run: u32,
    number: AtomicU32,
    made: Mutex<Vec<(Kind, RemoteId)>>,
}

/// What every suite configures: little patience, small replies.
const CONFIGURATION: &str = "[locale]\nregion = \"PL\"\n\
    [http]\nretry_initial = \"10ms\"\nretry_max_interval = \"20ms\"\nretry_max_tries = 4\nbody_limit = 262144\n\
    [flowtly.defaults]\ncompany = { status = \"active\", tin_type = \"vat\", country = \"PL\", currency = \"EUR\" }\n\
    contact = { type = \"main\" }\n";

impl Bench {
    /// A connector to a fresh embedded server.
    pub fn embedded(system: System) -> Self {
        let clock: Arc<dyn Clock> =
            Arc::new(ManualClock::new("2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap()));
        let flowtly: Arc<dyn CrmServer> =
            Arc::new(Office(FlowtlyServer::new(FlowtlyOptions::default(), Arc::clone(&clock))));
        let embedded = match system {
            System::Flowtly => EMBEDDED.first().unwrap(),
            System::Crm(embedded) => embedded,
        };
        let crm = (embedded.start)(Arc::clone(&clock));
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), &[flowtly.as_ref(), crm.as_ref()]);
        let transport = |server: &Arc<dyn CrmServer>| Arc::new(RouterTransport::new(server.router(), server.faults()));
        let transports = Transports { flowtly: transport(&flowtly), crm: transport(&crm) };
        let server = match system {
            System::Flowtly => flowtly,
            System::Crm(_) => crm,
        };
        Self::over(&settings, transports, clock, system.side(), Some(server))
    }

    /// A connector of one side of a configuration.
    pub fn over(
        settings: &Settings,
        transports: Transports,
        clock: Arc<dyn Clock>,
        side: Side,
        server: Option<Arc<dyn CrmServer>>,
    ) -> Self {
        let systems = connect(settings, transports, &clock).unwrap();
        let connector = match side {
            Side::Flowtly => systems.flowtly,
            Side::Crm => systems.crm,
        };
        let mut defaults = BTreeMap::new();
        for kind in Kind::BOTH {
            let of_side = settings.kind_rules(kind).defaults.iter().filter(|((of, _), _)| *of == side);
            defaults.extend(of_side.map(|((_, field), text)| ((kind, *field), text.clone())));
        }
        Self {
            connector,
            server,
            defaults,
            locale: settings.locale().clone(),
            run: u32::try_from(clock.now().timestamp_millis().rem_euclid(1_000_000_000)).unwrap(),
            clock,
            number: AtomicU32::new(0),
            made: Mutex::new(Vec::new()),
        }
    }

    /// Whether there are switches to throw and people to play.
    pub fn is_embedded(&self) -> bool {
        self.server.is_some()
    }

    /// The server behind the connector; only for cases that say that they need it.
    pub fn server(&self) -> &dyn CrmServer {
        self.server.as_deref().expect("the case needs an embedded server and says so")
    }

    pub fn capabilities(&self) -> &Capabilities {
        self.connector.capabilities()
    }

    pub fn shape(&self, kind: Kind) -> &Shape {
        self.connector.shape(kind)
    }

    /// What was made here, the latest first: children before their parents.
    pub fn take_made(&self) -> Vec<(Kind, RemoteId)> {
        let mut made = std::mem::take(&mut *self.made.lock().unwrap());
        made.reverse();
        made
    }

    /// A text that no other record has.
    pub fn unique(&self) -> String {
        format!("{} {}", self.run, self.number.fetch_add(1, Ordering::SeqCst))
    }

    /// The least that a record needs here: a name, and what the configuration says of new records.
    pub fn least(&self, kind: Kind) -> Fields {
        let mut fields: Fields = self
            .defaults
            .iter()
            .filter(|((of, _), _)| *of == kind)
            .map(|((_, field), text)| (*field, text.clone()))
            .collect();
        let unique = self.unique();
        match kind {
            Kind::Company => {
                fields.insert(Field::Name, Text::whole(format!("{MARK} {unique}")));
            }
            Kind::Contact => {
                let parts = self.shape(kind).parts(Field::PersonName);
                let name = if parts.contains(&Part::Whole) {
                    Text::whole(format!("{MARK} {unique}"))
                } else {
                    Text::of([(Part::First, MARK), (Part::Last, &unique)])
                };
                fields.insert(Field::PersonName, name);
                let address = format!("contract-{}@example.com", unique.replace(' ', "-"));
                fields.insert(Field::Email, Text::whole(address));
            }
        }
        fields
    }

    /// Every optional field that cases know how to fill, where it is mapped and may be written.
    pub fn optional(&self, kind: Kind) -> Fields {
        let shape = self.shape(kind);
        let simple = [
            (Field::Phone, "+48586200001"),
            (Field::ContactPhone, "+48601100100"),
            (Field::Title, "Head of Finance"),
            (Field::InvoiceComment, "two\nlines"),
        ];
        let of_kind = |field: Field| Field::of(kind).contains(&field) && shape.is_writable(field);
        let mut fields: Fields = simple
            .into_iter()
            .filter(|(field, _)| of_kind(*field))
            .map(|(field, text)| (field, Text::whole(text)))
            .collect();
        if of_kind(Field::Address) {
            fields.insert(Field::Address, self.address("Gdańsk"));
        }
        fields
    }

    /// An address in a city, in the parts that the system has.
    pub fn address(&self, city: &str) -> Text {
        let parts = self.shape(Kind::Company).parts(Field::Address);
        let text = |part: Part| match part {
            Part::Line => "Długa 5",
            Part::Street => "Długa",
            Part::Building => "5",
            Part::City => city,
            Part::PostCode => "80-827",
            Part::Country => "PL",
            Part::Whole
            | Part::First
            | Part::Last
            | Part::Unit
            | Part::Number
            | Part::Tin
            | Part::TinType
            | Part::TinCountry
            | Part::VatNumber => "",
        };
        let text: Text = parts.into_iter().map(|part| (part, text(part).to_owned())).collect();
        self.shape(Kind::Company).spell(Field::Address, &Text::default(), text)
    }

    /// The write of some fields.
    pub fn write_of(&self, kind: Kind, target: Target, fields: &Fields) -> Write {
        let shape = self.shape(kind);
        let creates = target == Target::Create;
        let texts = fields
            .iter()
            .flat_map(|(field, text)| shape.send(*field, &shape.spell(*field, &Text::default(), text.clone())))
            .filter(|(_, text)| text.is_some() || !creates)
            .collect();
        Write { target, texts, parent: None, stored_id: None, apart_from: Vec::new() }
    }

    /// Sends writes of one batch, after whatever look-ups they need.
    pub async fn send_all(&self, kind: Kind, writes: &[Write]) -> Vec<Written> {
        for write in writes {
            self.connector.read_ahead(kind, &write.texts).await.unwrap();
        }
        let written = self.connector.write(kind, writes).await;
        assert_eq!(written.len(), writes.len(), "one answer for each write");
        for (write, written) in writes.iter().zip(&written) {
            if let (Target::Create, Written::Stored(row)) = (&write.target, written) {
                self.made.lock().unwrap().push((kind, row.id.clone()));
            }
        }
        written
    }

    /// Sends one write.
    pub async fn send(&self, kind: Kind, write: Write) -> Written {
        self.send_all(kind, &[write]).await.remove(0)
    }

    /// Makes a record; it must be stored.
    pub async fn create(&self, kind: Kind, fields: &Fields, company: Option<&RemoteId>) -> Row {
        let parent = company.map(|to| ParentWrite { from: None, to: to.clone() });
        stored(self.send(kind, Write { parent, ..self.write_of(kind, Target::Create, fields) }).await)
    }

    /// A company with the least that one needs.
    pub async fn company(&self) -> Row {
        self.create(Kind::Company, &self.least(Kind::Company), None).await
    }

    /// Changes fields of a record.
    pub async fn update(&self, kind: Kind, row: &Row, fields: &Fields) -> Written {
        let target = Target::Update { id: row.id.clone(), version: row.version.clone() };
        self.send(kind, self.write_of(kind, target, fields)).await
    }

    /// Reads a record that must be there.
    pub async fn read(&self, kind: Kind, id: &RemoteId) -> Row {
        match self.connector.get(kind, std::slice::from_ref(id)).await.unwrap().remove(0) {
            Lookup::Found(row) => *row,
            other @ (Lookup::Gone | Lookup::MergedInto(_) | Lookup::Closed(_)) => panic!("{kind} {id} is {other:?}"),
        }
    }

    /// What a row says in a field.
    pub fn reading(&self, kind: Kind, row: &Row, field: Field) -> Reading {
        self.shape(kind).records(row, &self.locale)[0].reading(field).clone()
    }

    /// Fails unless a row says the same in every field.
    pub fn assert_says(&self, kind: Kind, row: &Row, fields: &Fields) {
        for (field, text) in fields.iter().filter(|(field, _)| self.shape(kind).is_writable(**field)) {
            let sent = self.shape(kind).spell(*field, &Text::default(), text.clone());
            let (wanted, shown) = (Reading::of(*field, sent, &self.locale), self.reading(kind, row, *field));
            let same = wanted.same_as(&shown) || wanted.agrees_with(&shown);
            assert!(same, "{field} of {kind} {}: {shown:?} instead of {wanted:?}", row.id);
        }
    }

    /// A whole walk: its rows, its pages, its end.
    pub async fn walk(&self, kind: Kind, extent: Extent) -> (Vec<Row>, usize, WalkEnd) {
        let mut walk = self.connector.walk(kind, extent).await.unwrap();
        let (mut rows, mut pages) = (Vec::new(), 0);
        loop {
            match walk.next().await.unwrap() {
                Step::Page(page) => {
                    pages += 1;
                    rows.extend(page);
                }
                Step::End(end) => return (rows, pages, end),
            }
        }
    }

    /// Walks until a record is shown with what it is to say, at most for the connector's declared lag.
    pub async fn shown_since(&self, kind: Kind, since: DateTime<Utc>, id: &RemoteId) -> Row {
        let mut left = self.capabilities().lag + Duration::from_secs(1);
        loop {
            let (rows, _, _) = self.walk(kind, Extent::Since(since)).await;
            if let Some(row) = rows.into_iter().rfind(|row| row.id == *id) {
                return row;
            }
            assert!(!left.is_zero(), "{kind} {id} is not shown within the declared lag");
            left = self.wait(left).await;
        }
    }

    /// Waits for a second at most; what is left to wait for.
    pub async fn wait(&self, left: Duration) -> Duration {
        let wait = left.min(Duration::from_secs(1));
        self.clock.sleep(wait).await;
        left.saturating_sub(wait)
    }

    /// The number of an id, for the server's own hands.
    pub fn number(&self, id: &RemoteId) -> u64 {
        self.server().id_number(id.as_str()).unwrap()
    }

    /// The id of a number.
    pub fn id(&self, number: u64) -> RemoteId {
        RemoteId::new(self.server().id_text(number))
    }
}

/// The row of a write that must have been stored.
pub fn stored(written: Written) -> Row {
    match written {
        Written::Stored(row) => *row,
        Written::Failed(error) => panic!("not stored: {error} ({:?})", error.kind),
    }
}

/// A configuration for embedded servers.
fn settings(directory: &Path, servers: &[&dyn CrmServer]) -> Settings {
    let mut text = CONFIGURATION.to_owned();
    for server in servers {
        let file = format!("{}-secret", server.section());
        std::fs::write(directory.join(&file), server.secret()).unwrap();
        let lines = server.configuration(&file);
        // Small pages, so that there are several.
        let section = server.section();
        write!(text, "[{section}]\nbase_url = \"http://127.0.0.1\"\npage_size = 100\n{lines}").unwrap();
    }
    let path = directory.join("contract.toml");
    std::fs::write(&path, text).unwrap();
    let nothing: [(String, String); 0] = [];
    config::load(Some(&path), &nothing.into_iter().collect::<Environment>()).unwrap()
}
