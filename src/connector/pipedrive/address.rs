//! Where Pipedrive answers what: URLs from settings and ids.

use url::Url;

use crate::domain::record::Kind;

/// Pipedrive's word for a kind in paths.
pub(super) const fn collection(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "organizations",
        Kind::Contact => "persons",
    }
}

const fn fields_collection(kind: Kind) -> &'static str {
    match kind {
        Kind::Company => "organizationFields",
        Kind::Contact => "personFields",
    }
}

/// A base URL and the path of the current version.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    base: Url,
    records: String,
}

impl Addresses {
    pub(super) fn new(base: Url, records: String) -> Self {
        Self { base, records }
    }

    /// `…/organizations/{rest}`.
    pub(super) fn records(&self, kind: Kind, rest: &[&str]) -> Url {
        self.below(&self.records, [collection(kind)].into_iter().chain(rest.iter().copied()))
    }

    /// `…/organizationFields`.
    pub(super) fn fields(&self, kind: Kind) -> Url {
        self.below(&self.records, [fields_collection(kind)].into_iter())
    }

    /// A path as configured, below the base URL, and an id behind it.
    pub(super) fn path(&self, path: &str, id: Option<&str>) -> Url {
        self.below(path, id.into_iter())
    }

    fn below<'a>(&'a self, path: &'a str, rest: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        // Settings were checked: the base URL has segments. Each segment is percent-encoded as it is pushed.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/').filter(|segment| !segment.is_empty()).chain(rest));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_below_the_base_and_an_id_cannot_leave_its_segment() {
        let at = Addresses::new("http://localhost:8080/proxy/".parse().unwrap(), "/api/v2".to_owned());
        assert_eq!(at.records(Kind::Company, &[]).path(), "/proxy/api/v2/organizations");
        assert_eq!(at.records(Kind::Contact, &["1/../2?x"]).path(), "/proxy/api/v2/persons/1%2F..%2F2%3Fx");
        assert_eq!(at.fields(Kind::Contact).path(), "/proxy/api/v2/personFields");
        assert_eq!(at.path("/api/v1/notes", Some("7")).path(), "/proxy/api/v1/notes/7");
    }
}
