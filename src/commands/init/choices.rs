//! What a person chooses among proposals: properties of the CRM, the region, and what new records are given.

use anyhow::anyhow;
use toml::Value;

use super::answers::Answers;
use super::asker::Prompt;
use super::beforehand::{REGION, region_of};
use super::conversation::Conversation;
use super::examine::{Seen, SeenKind};
use super::file::{self, Beside};
use super::likeness::{Wanted, candidates};
use super::mapping::{Named, Proposal, propose};
use super::newborn::{self, Newborn};
use super::wording::NONE;
use super::{Unfinished, declared, given, systems, unseen};
use crate::config::{Key, Settings};
use crate::connector::port::{Offered, Presence, PropertySort};
use crate::domain::field::{Field, Part};
use crate::domain::record::{Kind, Side};
use crate::render::lists::check::Health;

const TAX: (Field, Part) = (Field::TaxIdentity, Part::Number);

/// Which property is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    /// As it would be.
    Usual,
    /// None.
    Nothing,
    /// This one.
    Property(String),
}

impl Conversation<'_> {
    /// Everything that is chosen, and what stands in the file beside the answers. Without anything seen nothing is proposed.
    pub(super) async fn choose(
        &mut self,
        answers: &mut Answers,
        flowtly: Option<Seen>,
        crm: Option<Seen>,
    ) -> Result<Beside, Unfinished> {
        let mut beside = Beside::default();
        if let (Some(flowtly), Some(crm)) = (&flowtly, crm) {
            let crm = self.added(answers, crm).await?;
            self.map(answers, flowtly, &crm, &mut beside).await?;
        } else {
            unseen::put(answers, &mut beside);
        }
        self.region(answers, flowtly.as_ref(), &mut beside).await?;
        beside.newborn = self.newborn(answers, flowtly.as_ref()).await?;
        Ok(beside)
    }

    /// The CRM as it is once what it lacks was added, where that is wanted.
    async fn added(&mut self, answers: &mut Answers, crm: Seen) -> Result<Seen, Unfinished> {
        let lacks = missing(&crm);
        let new = self.args.id_property.as_deref().filter(|name| self.args.add_missing && is_new(name, &crm.company));
        if let Some(name) = new {
            answers.settings.insert(unseen::id_key(answers), Value::String(name.to_owned()));
        }
        if (lacks.is_empty() && new.is_none()) || !(self.args.add_missing || self.asks && answers.crm.setup.adds) {
            return Ok(crm);
        }
        let label = answers.crm.label;
        if !self.args.add_missing {
            let prompt = Prompt {
                text: format!("Add to {label} what it lacks (yes or no)"),
                help: format!("{label} has no property {}; it is what the mapping usually names", lacks.join(", ")),
                proposal: Some("no".to_owned()),
            };
            if !matches!(self.ask(&prompt).await?.to_lowercase().as_str(), "y" | "yes") {
                return Ok(crm);
            }
        }
        let systems = systems(&self.draft(answers)?, self.around).map_err(anyhow::Error::from)?;
        for kind in Kind::BOTH {
            match systems.crm.add_missing(kind).await {
                Ok(added) if added.is_empty() => {}
                Ok(added) => self.tell(Health::Ok, &format!("added to {label}: {}", added.join(", ")))?,
                Err(error) if self.asks => self.tell_wrong(&error.to_string())?,
                Err(error) => return Err(anyhow!("{label}: {error}; nothing was written").into()),
            }
        }
        match self.look(answers, Side::Crm).await? {
            Ok(seen) => Ok(seen),
            Err(trouble) => Err(anyhow!("{label}: {}; nothing was written", trouble.finding.message).into()),
        }
    }

    /// Which property of the CRM holds what.
    async fn map(
        &mut self,
        answers: &mut Answers,
        flowtly: &Seen,
        crm: &Seen,
        beside: &mut Beside,
    ) -> Result<(), Unfinished> {
        let settings = self.draft(answers)?;
        let [mut company, contact] = Kind::BOTH.map(|kind| proposed(&settings, kind, crm.of(kind)));
        let tax = self.tax_property(answers, crm, &mut company).await;
        if let Err(Unfinished::Failed(error)) = tax {
            return Err(error.into());
        }
        beside.section = match (tax, self.id_property(answers, crm, &settings).await) {
            (Err(Unfinished::Answers(tax)), Err(Unfinished::Answers(id))) => {
                return Err(Unfinished::Answers(format!("{tax}\n{id}")));
            }
            (tax, section) => tax.and(section)?,
        };
        for proposal in [&company, &contact] {
            answers.settings.extend(proposal.settings());
            for why in proposal.reasons() {
                self.tell(Health::Warning, why)?;
            }
        }
        let make = answers.crm.setup.make;
        beside.mapping = Some([company.lines(make), contact.lines(make)]);
        let settings = self.draft(answers)?;
        beside.scope = file::scope(&answers.crm.setup, |path| {
            crm.company.offered.iter().any(|offered| offered.property.path == path)
        });
        for kind in Kind::BOTH {
            let id = settings.crm.id_property().filter(|_| kind == Kind::Company);
            let mapped = Side::BOTH.into_iter().flat_map(|side| settings.shape(side, kind).paths());
            let taken: Vec<&str> = mapped.chain(id).collect();
            beside.declared.extend(declared::lines(kind, &flowtly.of(kind).offered, &crm.of(kind).offered, &taken));
        }
        Ok(())
    }

    /// The property of the tax number, by which companies are recognised first.
    async fn tax_property(&mut self, answers: &Answers, crm: &Seen, company: &mut Proposal) -> Result<(), Unfinished> {
        let (field, part) = TAX;
        let out = company.left_out(field, part).map(|(why, named)| (why.to_owned(), named.to_vec()));
        let given = self.args.tax_property.as_deref();
        let question = out.as_ref().map(|(why, named)| Prompt {
            text: "The property that holds the tax number".to_owned(),
            help: format!(
                "{why}; {}; empty: none, and companies are recognised by name and country alone",
                perhaps(named)
            ),
            proposal: None,
        });
        let taken: Vec<&str> = crm
            .company
            .shape
            .cells
            .iter()
            .filter(|cell| (cell.field, cell.part) != TAX)
            .map(|cell| cell.path.as_str())
            .collect();
        match self.property("--tax-property", given, question, answers, &crm.company, &taken).await? {
            Choice::Usual => {}
            Choice::Nothing => company.leave_out(field, part, "the tax number is left out, as was said"),
            Choice::Property(path) => company.choose(field, part, &path),
        }
        Ok(())
    }

    /// The property of our id; returns the lines of the file that say it.
    async fn id_property(
        &mut self,
        answers: &mut Answers,
        crm: &Seen,
        settings: &Settings,
    ) -> Result<Vec<String>, Unfinished> {
        let usual = settings.crm.id_property();
        let is_missing = usual.is_some_and(|path| is_missing(&crm.company, path));
        let mut taken: Vec<&str> = crm.company.shape.paths().collect();
        taken.extend(usual);
        let named: Vec<Named> =
            candidates(Wanted::OurId, &crm.company.offered, &taken).into_iter().map(Named::of).collect();
        let why = match usual {
            Some(path) if is_missing => {
                Some(format!("company: the property {path}, which holds the Flowtly id, is missing"))
            }
            None if !named.is_empty() => Some("no property is named that holds the Flowtly id".to_owned()),
            Some(_) | None => None,
        };
        let question = why.as_ref().map(|why| Prompt {
            text: "The property that holds Flowtly's id".to_owned(),
            help: format!(
                "{why}; {}; empty: none, and a create whose reply was lost is found again by what was sent",
                perhaps(&named)
            ),
            proposal: None,
        });
        let given = self.args.id_property.as_deref();
        let taken: Vec<&str> = crm.company.shape.paths().collect();
        let choice = self.property("--id-property", given, question, answers, &crm.company, &taken).await?;
        let key = unseen::id_key(answers);
        let make = answers.crm.setup.make;
        let mut lines = match (&choice, &why) {
            (Choice::Property(path), _) => {
                answers.settings.insert(key, Value::String(path.clone()));
                return Ok(file::id_property(path, None));
            }
            (Choice::Usual, None) => return Ok(Vec::new()),
            // Nothing is named where nothing was.
            (Choice::Usual, Some(_)) if usual.is_none() => Vec::new(),
            (Choice::Usual, Some(why)) => {
                self.tell(Health::Warning, why)?;
                answers.settings.insert(key, Value::String(String::new()));
                file::id_property("", Some(&format!("{why}. To have it, {make}; then take away the line below.")))
            }
            (Choice::Nothing, _) => {
                answers.settings.insert(key, Value::String(String::new()));
                file::id_property("", Some(file::NO_ID))
            }
        };
        lines.extend(
            named
                .iter()
                .map(|one| format!("# id_property = {}   # perhaps: {}", super::text::quoted(&one.path), one.words)),
        );
        Ok(lines)
    }

    /// A company property that an option or a person names. `question` is put where something is to be decided.
    async fn property(
        &mut self,
        option: &str,
        given: Option<&str>,
        question: Option<Prompt>,
        answers: &Answers,
        company: &SeenKind,
        taken: &[&str],
    ) -> Result<Choice, Unfinished> {
        let label = answers.crm.label;
        if let Some(given) = given {
            match named(given, company, taken, label) {
                Ok(choice) => return Ok(choice),
                Err(why) if self.asks => self.tell_wrong(&format!("{option}: {why}"))?,
                Err(why) => return Err(Unfinished::Answers(format!("{option}: {why}"))),
            }
        }
        let Some(prompt) = question.filter(|_| self.asks) else { return Ok(Choice::Usual) };
        loop {
            let answer = self.ask(&prompt).await?;
            if answer.is_empty() {
                return Ok(Choice::Usual);
            }
            match named(&answer, company, taken, label) {
                Ok(choice) => return Ok(choice),
                Err(why) => self.tell_wrong(&why)?,
            }
        }
    }

    /// Where numbers without a country code are dialled.
    async fn region(
        &mut self,
        answers: &mut Answers,
        flowtly: Option<&Seen>,
        beside: &mut Beside,
    ) -> Result<(), Unfinished> {
        let key = Key::of(REGION);
        // An option said it.
        if answers.settings.contains_key(&key) {
            return Ok(());
        }
        let most = flowtly.and_then(|seen| seen.company.usual(Field::Country, Part::Whole));
        let proposal = most.filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
        let mut given = proposal.clone().filter(|_| self.args.yes);
        loop {
            let text = match given.take() {
                Some(text) => text,
                None if self.asks => {
                    let prompt = Prompt {
                        text: "The country of telephone numbers without a country code".to_owned(),
                        help: "two letters, such as PL; - for none: such numbers are compared as they are written"
                            .to_owned(),
                        proposal: proposal.clone(),
                    };
                    self.ask(&prompt).await?
                }
                None => {
                    beside.region = proposal;
                    return Ok(());
                }
            };
            answers.settings.insert(key.clone(), Value::String(region_of(&text)));
            match answers.wrong(&self.target.path, &key) {
                None => return Ok(()),
                Some(wrong) if self.asks => self.tell_wrong(&wrong)?,
                Some(wrong) => return Err(Unfinished::Answers(format!("--region: {wrong}"))),
            }
        }
    }

    /// What a record created in Flowtly is given.
    async fn newborn(&mut self, answers: &mut Answers, flowtly: Option<&Seen>) -> Result<Newborn, Unfinished> {
        let said = given::defaults(self.args).into_iter().filter(|value| answers.settings.contains_key(&value.key()));
        let (mut values, none): (Vec<_>, Vec<_>) = said.partition(|value| value.taken.is_some());
        let Some(flowtly) = flowtly else { return Ok(Newborn { values }) };
        let settings = self.draft(answers)?;
        for kind in Kind::BOTH {
            let seen = flowtly.of(kind);
            for mut value in newborn::lacks(&settings, kind, &seen.required, seen) {
                if !none.iter().any(|none| none.key() == value.key()) {
                    value.taken = self.value(&value).await?;
                }
                if let Some(text) = &value.taken {
                    answers.settings.insert(value.key(), Value::String(text.clone()));
                }
                values.push(value);
            }
        }
        Ok(Newborn { values })
    }

    async fn value(&mut self, value: &newborn::Value) -> Result<Option<String>, Unfinished> {
        let most_used = value.choices.first().cloned();
        if !self.asks {
            return Ok(most_used.filter(|_| self.args.yes));
        }
        let (kind, words) = (value.kind, &value.words);
        let others = value.others().map(|others| format!("; {others}")).unwrap_or_default();
        let used = if most_used.is_some() { "the most used one is proposed" } else { "none is seen in use" };
        let prompt = Prompt {
            text: format!("{words} of a {kind} that is created in Flowtly"),
            help: format!(
                "Flowtly demands it, and the CRM has nothing for it; {used}{others}; - for none: no {kind} is created"
            ),
            proposal: most_used,
        };
        let answer = self.ask(&prompt).await?;
        Ok(Some(answer).filter(|text| !text.is_empty() && text != NONE))
    }
}

fn proposed(settings: &Settings, kind: Kind, crm: &SeenKind) -> Proposal {
    let (flowtly, rules) = (settings.shape(Side::Flowtly, kind), settings.kind_rules(kind));
    propose(&crm.shape, flowtly, rules, &crm.properties, &crm.offered)
}

/// What the CRM lacks of what is mapped, the property for our id included.
fn missing(crm: &Seen) -> Vec<&str> {
    let all = [&crm.company, &crm.contact].into_iter().flat_map(|kind| &kind.properties);
    all.filter(|property| property.presence == Presence::Missing).map(|property| property.path.as_str()).collect()
}

fn is_missing(company: &SeenKind, path: &str) -> bool {
    company.properties.iter().any(|property| property.path == path && property.presence == Presence::Missing)
}

/// Whether a name is given to a property that is not there yet.
fn is_new(name: &str, company: &SeenKind) -> bool {
    let bears = |offered: &Offered| offered.property.path == name || offered.label.as_deref() == Some(name);
    !name.is_empty() && name != NONE && !company.offered.iter().any(bears)
}

/// The property that a name means, by its own name or by what people call it.
fn named(name: &str, company: &SeenKind, taken: &[&str], label: &str) -> Result<Choice, String> {
    if name.is_empty() || name == NONE {
        return Ok(Choice::Nothing);
    }
    let by_path = company.offered.iter().find(|offered| offered.property.path == name);
    let mut by_label = company.offered.iter().filter(|offered| offered.label.as_deref() == Some(name));
    let found = by_path.or_else(|| by_label.next().filter(|_| by_label.next().is_none()));
    let Some(Offered { property, .. }) = found else {
        return Err(format!("{label} shows no company property {name}; name one as it calls it, or \"\" for none"));
    };
    let path = &property.path;
    if taken.contains(&path.as_str()) {
        return Err(format!("{path} is mapped to something else already"));
    }
    if property.writable == Some(false) {
        return Err(format!("{path} cannot be written; name another one"));
    }
    if property.sort.is_some_and(|sort| sort != PropertySort::Text) {
        let type_name = property.type_name.as_deref().unwrap_or("something else");
        return Err(format!("{path} holds no text ({type_name}); name another one"));
    }
    Ok(Choice::Property(path.clone()))
}

/// What might be meant, for people.
fn perhaps(named: &[Named]) -> String {
    if named.is_empty() {
        return "nothing there is like it".to_owned();
    }
    let named: Vec<String> = named
        .iter()
        .map(|one| if one.words.is_empty() { one.path.clone() } else { format!("{} ({})", one.path, one.words) })
        .collect();
    format!("perhaps it is {}", named.join(", or "))
}
