//! Where HubSpot answers what: URLs from settings and ids. Dated releases put the version behind the area
//! (`/crm/objects/2026-03/…`), classic ones before it (`/crm/v3/objects/…`, and `v4` for associations).

use url::Url;

use crate::domain::record::Kind;

/// HubSpot's word for a kind in paths, and the key of its associations.
pub(super) const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "companies",
        Kind::Contact => "contacts",
    }
}

/// A base URL and a version.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    base: Url,
    version: String,
}

impl Addresses {
    pub(super) fn new(base: Url, version: String) -> Self {
        Self { base, version }
    }

    /// `…/companies/{rest}`: the records of a kind.
    pub(super) fn objects(&self, kind: Kind, rest: &[&str]) -> Url {
        self.dated_or_classic("objects", &self.version, type_name(kind), rest)
    }

    /// `…/notes/{rest}`: notes, which are records of no kind of ours.
    pub(super) fn notes(&self, rest: &[&str]) -> Url {
        self.dated_or_classic("objects", &self.version, "notes", rest)
    }

    /// `…/companies/notes/{rest}`: the links from companies to their notes.
    pub(super) fn notes_of_companies(&self, rest: &[&str]) -> Url {
        let mut tail = vec!["notes"];
        tail.extend(rest);
        self.dated_or_classic("associations", "v4", type_name(Kind::Company), &tail)
    }

    /// `…/companies/{rest}`: the properties of a kind.
    pub(super) fn properties(&self, kind: Kind) -> Url {
        self.dated_or_classic("properties", &self.version, type_name(kind), &[])
    }

    /// `…/contacts/companies/{rest}`: the links from one kind to another.
    pub(super) fn associations(&self, from: Kind, to: Kind, rest: &[&str]) -> Url {
        let mut tail = vec![type_name(to)];
        tail.extend(rest);
        // The classic associations with labels are v4, whatever the version of the objects.
        self.dated_or_classic("associations", "v4", type_name(from), &tail)
    }

    /// A path as configured, below the base URL.
    pub(super) fn path(&self, path: &str) -> Url {
        self.below(path.split('/').filter(|segment| !segment.is_empty()))
    }

    fn dated_or_classic(&self, area: &str, classic: &str, first: &str, rest: &[&str]) -> Url {
        let head = if self.version.starts_with('v') {
            ["crm", classic, area, first]
        } else {
            ["crm", area, self.version.as_str(), first]
        };
        self.below(head.into_iter().chain(rest.iter().copied()))
    }

    fn below<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        // Settings were checked: the base URL has segments. Each segment is percent-encoded as it is pushed.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(base: &str, version: &str) -> Addresses {
        Addresses::new(Url::parse(base).unwrap(), version.to_owned())
    }

    #[test]
    fn a_dated_release_puts_its_version_behind_the_area() {
        let addresses = addresses("https://api.hubapi.com", "2026-03");
        let url = addresses.objects(Kind::Company, &["batch", "read"]);
        assert_eq!(url.as_str(), "https://api.hubapi.com/crm/objects/2026-03/companies/batch/read");
        let url = addresses.associations(Kind::Contact, Kind::Company, &["batch", "create"]);
        assert_eq!(url.path(), "/crm/associations/2026-03/contacts/companies/batch/create");
        assert_eq!(addresses.properties(Kind::Contact).path(), "/crm/properties/2026-03/contacts");
        assert_eq!(addresses.notes(&["7"]).path(), "/crm/objects/2026-03/notes/7");
        let url = addresses.notes_of_companies(&["batch", "read"]);
        assert_eq!(url.path(), "/crm/associations/2026-03/companies/notes/batch/read");
    }

    #[test]
    fn a_classic_release_puts_its_version_before_the_area() {
        let addresses = addresses("http://localhost:8080/proxy/", "v3");
        assert_eq!(addresses.objects(Kind::Contact, &["17"]).path(), "/proxy/crm/v3/objects/contacts/17");
        let url = addresses.associations(Kind::Company, Kind::Contact, &["batch", "read"]);
        assert_eq!(url.path(), "/proxy/crm/v4/associations/companies/contacts/batch/read");
        assert_eq!(addresses.path("/account-info/v3/details").path(), "/proxy/account-info/v3/details");
    }

    #[test]
    fn an_id_cannot_leave_its_segment() {
        let url = addresses("https://api.hubapi.com", "v3").objects(Kind::Company, &["1/../2?x"]);
        assert_eq!(url.path(), "/crm/v3/objects/companies/1%2F..%2F2%3Fx");
        assert_eq!(url.query(), None);
    }
}
