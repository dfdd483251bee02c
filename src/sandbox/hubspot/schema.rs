//! Object types and their properties.

/// An object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Companies,
    Contacts,
}

impl Kind {
    /// As a path names it: plural, singular or the type's id.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "companies" | "company" | "COMPANY" | "0-2" => Some(Self::Companies),
            "contacts" | "contact" | "CONTACT" | "0-1" => Some(Self::Contacts),
            _ => None,
        }
    }

    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Contacts => "contacts",
        }
    }

    pub(super) const fn singular(self) -> &'static str {
        match self {
            Self::Companies => "company",
            Self::Contacts => "contact",
        }
    }

    pub(super) const fn type_id(self) -> &'static str {
        match self {
            Self::Companies => "0-2",
            Self::Contacts => "0-1",
        }
    }

    /// The property that holds the time of the last change.
    pub(super) const fn modified(self) -> &'static str {
        match self {
            Self::Companies => "hs_lastmodifieddate",
            Self::Contacts => "lastmodifieddate",
        }
    }

    /// What is shown where nothing is asked for.
    pub(super) const fn defaults(self) -> &'static [&'static str] {
        match self {
            Self::Companies => &["createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"],
            Self::Contacts => &["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
        }
    }

    /// What the free text of a search is looked for in.
    pub(super) const fn searchable(self) -> &'static [&'static str] {
        match self {
            Self::Companies => &["name", "domain", "website", "phone"],
            Self::Contacts => &["firstname", "lastname", "email", "phone", "hs_additional_emails", "company"],
        }
    }

    /// One of these has to be given.
    pub(super) const fn minimum(self) -> &'static [&'static str] {
        match self {
            Self::Companies => &["name", "domain"],
            Self::Contacts => &["email", "firstname", "lastname"],
        }
    }

    /// Type ids of the association to the other type: unlabelled, primary.
    pub(super) const fn association_types(self) -> (u64, u64) {
        match self {
            Self::Contacts => (279, 1),
            Self::Companies => (280, 2),
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Companies => Self::Contacts,
            Self::Contacts => Self::Companies,
        }
    }
}

/// A property's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Number,
    DateTime,
    Enumeration,
}

impl Sort {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::DateTime => "datetime",
            Self::Enumeration => "enumeration",
        }
    }

    pub(super) const fn field_type(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::DateTime => "date",
            Self::Enumeration => "select",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "string" | "phone_number" => Some(Self::Text),
            "number" => Some(Self::Number),
            "datetime" | "date" => Some(Self::DateTime),
            "enumeration" | "bool" => Some(Self::Enumeration),
            _ => None,
        }
    }
}

/// What a property is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A stored text.
    Stored,
    /// The record's id.
    Id,
    /// When it was made.
    Created,
    /// When it last changed.
    Modified,
    /// Ids that were merged into it.
    Absorbed,
}

/// Whether a property is there for callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    Shown,
    /// It exists and this token may not see it.
    Hidden,
    Removed,
}

/// A property.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) group: String,
    pub(super) sort: Sort,
    pub(super) source: Source,
    pub(super) visibility: Visibility,
    pub(super) is_unique: bool,
    pub(super) is_read_only: bool,
    pub(super) is_hubspots: bool,
    pub(super) choices: Vec<String>,
}

/// Lifecycle stages in the order in which they may be passed.
pub(super) const LIFECYCLE: [&str; 8] = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

const COMPANY_TEXTS: [&str; 15] = [
    "name",
    "domain",
    "website",
    "phone",
    "address",
    "address2",
    "city",
    "state",
    "zip",
    "country",
    "industry",
    "description",
    "timezone",
    "hubspot_owner_id",
    "linkedin_company_page",
];

const CONTACT_TEXTS: [&str; 16] = [
    "email",
    "firstname",
    "lastname",
    "phone",
    "mobilephone",
    "jobtitle",
    "company",
    "salutation",
    "website",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "hs_lead_status",
    "hubspot_owner_id",
];

/// The properties of a fresh portal.
pub(super) fn standard(kind: Kind, has_flowtly_id: bool) -> Vec<Definition> {
    let texts: &[&str] = match kind {
        Kind::Companies => &COMPANY_TEXTS,
        Kind::Contacts => &CONTACT_TEXTS,
    };
    let mut all: Vec<Definition> = texts.iter().map(|name| plain(kind, name, Sort::Text)).collect();
    let choices = LIFECYCLE.map(str::to_owned).to_vec();
    all.push(Definition { choices, ..plain(kind, "lifecyclestage", Sort::Enumeration) });
    for (name, sort, source) in [
        ("hs_object_id", Sort::Number, Source::Id),
        ("createdate", Sort::DateTime, Source::Created),
        (kind.modified(), Sort::DateTime, Source::Modified),
        ("hs_merged_object_ids", Sort::Enumeration, Source::Absorbed),
    ] {
        all.push(Definition { source, is_read_only: true, ..plain(kind, name, sort) });
    }
    match kind {
        Kind::Companies => {
            all.push(plain(kind, "numberofemployees", Sort::Number));
            all.push(plain(kind, "annualrevenue", Sort::Number));
            all.push(custom(kind, "vat_number", "VAT number"));
            if has_flowtly_id {
                all.push(Definition { is_unique: true, ..custom(kind, "flowtly_id", "Flowtly ID") });
            }
        }
        Kind::Contacts => {
            all.push(Definition { is_read_only: true, ..plain(kind, "hs_additional_emails", Sort::Enumeration) });
        }
    }
    all
}

/// A property that the account made.
pub(super) fn custom(kind: Kind, name: &str, label: &str) -> Definition {
    Definition { label: label.to_owned(), is_hubspots: false, ..plain(kind, name, Sort::Text) }
}

fn plain(kind: Kind, name: &str, sort: Sort) -> Definition {
    Definition {
        name: name.to_owned(),
        label: name.replace('_', " "),
        group: format!("{}information", kind.singular()),
        sort,
        source: Source::Stored,
        visibility: Visibility::Shown,
        // An e-mail address is the key of a contact, though the definition does not say so.
        is_unique: false,
        is_read_only: false,
        is_hubspots: true,
        choices: Vec::new(),
    }
}
