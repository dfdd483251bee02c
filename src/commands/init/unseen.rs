//! What options say of a CRM that nobody asked: written as it is said.

use toml::Value;

use super::answers::Answers;
use super::file::{self, Beside};
use super::text::{comment, quoted};
use super::wording::NONE;
use crate::cli::InitArgs;
use crate::config::{Key, Problem};
use crate::domain::field::{Field, Part};
use crate::domain::record::Side;

/// Takes which properties hold the tax number and Flowtly's id.
pub(super) fn take(args: &InitArgs, answers: &mut Answers) {
    match args.tax_property.as_deref() {
        None => {}
        Some("" | NONE) => {
            answers.settings.insert(tax_key(), Value::Boolean(false));
        }
        Some(path) => {
            answers.settings.insert(tax_key().child(Part::Number.as_str()), Value::String(path.to_owned()));
        }
    }
    if let Some(path) = args.id_property.as_deref() {
        let path = if path == NONE { "" } else { path };
        answers.settings.insert(id_key(answers), Value::String(path.to_owned()));
    }
}

/// Puts them into the file.
pub(super) fn put(answers: &Answers, beside: &mut Beside) {
    let (table, part) = (tax_key(), Part::Number.as_str());
    let field = Field::TaxIdentity;
    if let Some(path) = answers.text(&table.child(part)) {
        beside.unseen.push(format!("{field} = {{ {part} = {} }}", quoted(path)));
    } else if answers.settings.contains_key(&table) {
        beside.unseen.extend(comment("The tax number is left out, as was said."));
        beside.unseen.push(format!("{field} = false"));
    }
    match answers.settings.get(&id_key(answers)).and_then(Value::as_str) {
        None => {}
        Some("") => beside.section = file::id_property("", Some(file::NO_ID)),
        Some(path) => beside.section = file::id_property(path, None),
    }
}

/// The key of the property that holds Flowtly's id.
pub(super) fn id_key(answers: &Answers) -> Key {
    answers.section(Side::Crm).child("id_property")
}

/// Whether a problem is about the property of the id: the mapping of another field cannot have it.
pub(super) fn is_about_id(problem: &Problem) -> bool {
    problem.key.parts().first().is_some_and(|table| table == "mapping") && !is_about_tax(problem)
}

/// Whether a problem is about the property of the tax number.
pub(super) fn is_about_tax(problem: &Problem) -> bool {
    problem.key.parts().starts_with(tax_key().parts())
}

fn tax_key() -> Key {
    Key::of("mapping.company").child(Field::TaxIdentity.as_str())
}
