//! `/docs.jsonld`: the server describes itself, as Hydra does.

use serde_json::{Value, json};

use super::options::{Attributes, FlowtlyOptions};
use super::schema::{CLIENT, CONTACT, Need, Resource, Slot, Sort};
use crate::sandbox::json::{self, Spelling};

/// Fields that are shown and never written.
const READ_ONLY: [(Resource, &[&str]); 2] = [
    (Resource::Client, &["costGroup", "costGroupIcon"]),
    (Resource::ClientContact, &["createdAt", "updatedAt", "possibleTypes"]),
];

/// The document.
pub(super) fn document(options: &FlowtlyOptions) -> Vec<u8> {
    let hydra = if options.dialect.is_prefixed() { "hydra:" } else { "" };
    let classes: Vec<Value> = [(Resource::Client, CLIENT.as_slice()), (Resource::ClientContact, CONTACT.as_slice())]
        .into_iter()
        .map(|(resource, table)| class(options, hydra, resource, table))
        .collect();
    let body = json!({
        "@context": [format!("{}/contexts/Entrypoint", options.prefix)],
        "@id": format!("{}/docs.jsonld", options.prefix),
        "@type": format!("{hydra}ApiDocumentation"),
        format!("{hydra}title"): "Flowtly",
        format!("{hydra}entrypoint"): format!("{}/", options.prefix),
        format!("{hydra}supportedClass"): classes,
    });
    let mut out = Vec::with_capacity(8192);
    json::value(&mut out, &body, Spelling::Linked);
    out
}

fn class(options: &FlowtlyOptions, hydra: &str, resource: Resource, table: &[Slot]) -> Value {
    let name = resource.type_name();
    let read_only = READ_ONLY.iter().find(|(owner, _)| *owner == resource).map_or(&[][..], |(_, keys)| keys);
    let mut properties: Vec<Value> = table
        .iter()
        .map(|slot| property(hydra, name, slot.key, &range(slot.sort), slot.need == Need::Required, true))
        .collect();
    properties.extend(read_only.iter().map(|key| property(hydra, name, key, "xmls:string", false, false)));
    if resource == Resource::Client {
        properties.push(property(hydra, name, "clientContacts", "#ClientContact", false, true));
        if options.attributes != Attributes::Absent {
            properties.push(property(hydra, name, "attributes", "xmls:array", false, true));
        }
    }
    json!({
        "@id": format!("#{name}"),
        "@type": format!("{hydra}Class"),
        format!("{hydra}title"): name,
        format!("{hydra}supportedProperty"): properties,
    })
}

fn property(hydra: &str, class: &str, key: &str, range: &str, required: bool, writable: bool) -> Value {
    let label = if hydra.is_empty() { "label" } else { "rdfs:label" };
    let kind = match (range.starts_with('#'), hydra.is_empty()) {
        (true, _) => format!("{hydra}Link"),
        (false, true) => "Property".to_owned(),
        (false, false) => "rdf:Property".to_owned(),
    };
    json!({
        "@type": format!("{hydra}SupportedProperty"),
        format!("{hydra}property"): {
            "@id": format!("#{class}/{key}"), "@type": kind, label: key, "domain": format!("#{class}"), "range": range,
        },
        format!("{hydra}title"): key,
        format!("{hydra}required"): required,
        format!("{hydra}readable"): true,
        format!("{hydra}writeable"): writable,
    })
}

fn range(sort: Sort) -> String {
    match sort {
        Sort::Text => "xmls:string".to_owned(),
        Sort::Whole => "xmls:integer".to_owned(),
        Sort::Iri(resource) => format!("#{}", resource.type_name()),
    }
}
