//! Fields of the firm's own that both systems might have: those of one name on both sides, as `[custom…]` would declare them.
//! All of it is comment.

use super::likeness::{alike, plain};
use super::text::{comment, described, quoted};
use crate::connector::port::{Offered, PropertySort};
use crate::domain::record::Kind;

/// How many properties are named that nothing is like.
const NAMED: usize = 12;

/// The lines for a kind. `taken` are the properties of both sides that are mapped already.
pub(super) fn lines(kind: Kind, flowtly: &[Offered], crm: &[Offered], taken: &[&str]) -> Vec<String> {
    let is_free = |offered: &&Offered| !taken.contains(&offered.property.path.as_str());
    let ours: Vec<&Offered> = flowtly.iter().filter(is_free).collect();
    let mut lines = Vec::new();
    let mut alone = Vec::new();
    for theirs in crm.iter().filter(|offered| offered.is_custom).filter(is_free) {
        let Some(sort) = sort(theirs.property.sort) else { continue };
        match partner(theirs, &ours) {
            Some(partner) => {
                let name = plain(&theirs.property.path).replace(' ', "_");
                lines.push(format!("# [custom.{kind}.{name}]   # {}", described(theirs)));
                lines.push(format!("# type = \"{sort}\""));
                lines.push(format!("# flowtly = {}", quoted(&partner.property.path)));
                lines.push(format!("# crm = {}", reference(theirs)));
            }
            None => alone.push(theirs.property.path.as_str()),
        }
    }
    if !lines.is_empty() {
        lines.insert(
            0,
            "# Fields of your own that both systems have, by their names; none of them is mapped:".to_owned(),
        );
    }
    if !alone.is_empty() {
        let more = alone.len().saturating_sub(NAMED);
        let named = alone.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        lines.extend(comment(&format!(
            "Fields of your own in the CRM that nothing of Flowtly is like: {named}{more}. [custom.{kind}.NAME] maps one."
        )));
    }
    lines
}

/// Flowtly's property of the same name.
fn partner<'a>(theirs: &Offered, ours: &[&'a Offered]) -> Option<&'a Offered> {
    let names = [Some(theirs.property.path.as_str()), theirs.label.as_deref()];
    let likeness = |one: &Offered| {
        names.into_iter().flatten().filter_map(|name| alike(name, &one.property.path)).max_by(f64::total_cmp)
    };
    let scored = ours.iter().filter_map(|one| Some((likeness(one)?, *one)));
    scored.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, one)| one)
}

fn reference(theirs: &Offered) -> String {
    let path = quoted(&theirs.property.path);
    if theirs.property.writable == Some(false) { format!("{{ path = {path}, read_only = true }}") } else { path }
}

/// The word of the configuration for what a property holds; several choices in one text are no field.
fn sort(sort: Option<PropertySort>) -> Option<&'static str> {
    match sort {
        None | Some(PropertySort::Text) => Some("text"),
        Some(PropertySort::Number) => Some("number"),
        Some(PropertySort::Date | PropertySort::Moment) => Some("date"),
        Some(PropertySort::Choice) => Some("choice"),
        Some(PropertySort::Boolean) => Some("boolean"),
        Some(PropertySort::Relation) => Some("relation"),
        Some(PropertySort::Choices) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::port::{Presence, Property};

    fn offered(path: &str, label: &str, sort: PropertySort) -> Offered {
        let property = Property { sort: Some(sort), ..Property::new(path, Presence::Present) };
        Offered { property, label: Some(label.to_owned()), is_custom: true }
    }

    #[test]
    fn fields_of_one_name_are_put_beside_each_other_and_the_rest_is_named() {
        let flowtly = [
            offered("attributes.segment", "", PropertySort::Text),
            offered("attributes.customerSince", "", PropertySort::Text),
            offered("name", "", PropertySort::Text),
        ];
        let mut score = offered("score", "Segment", PropertySort::Number);
        score.property.writable = Some(false);
        let crm = [
            offered("segment", "Industry", PropertySort::Choice),
            offered("customer_since", "Since", PropertySort::Date),
            offered("tags", "Segment", PropertySort::Choices),
            offered("vat_number", "Name", PropertySort::Text),
            offered("region", "Region", PropertySort::Text),
        ];
        let told = lines(Kind::Company, &flowtly, &crm, &["vat_number", "name"]).join("\n");
        assert_eq!(
            told,
            "# Fields of your own that both systems have, by their names; none of them is mapped:\n\
             # [custom.company.segment]   # \"Industry\"\n# type = \"choice\"\n# flowtly = \"attributes.segment\"\n\
             # crm = \"segment\"\n\
             # [custom.company.customer_since]   # \"Since\"\n# type = \"date\"\n\
             # flowtly = \"attributes.customerSince\"\n# crm = \"customer_since\"\n\
             # Fields of your own in the CRM that nothing of Flowtly is like: region. [custom.company.NAME] maps one."
        );
        let told = lines(Kind::Company, &flowtly, &[score], &[]).join("\n");
        assert!(told.contains("crm = { path = \"score\", read_only = true }"), "{told}");
        assert_eq!(lines(Kind::Contact, &[], &[], &[]), Vec::<String>::new());
    }
}
