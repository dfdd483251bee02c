//! What is to be done about one linked pair.

use super::identity;
use super::{Choice, Context, Decision, OUTSIDE, Pair, PairPlan};
use crate::domain::field::{Field, Part};
use crate::domain::lens;
use crate::domain::merge::{Circumstances, Half, Verdict, merge};
use crate::domain::plan::{Change, Conflict, Reason};
use crate::domain::record::Side;
use crate::domain::rules::FieldRule;
use crate::domain::value::{Reading, Text};

/// Plans a linked pair: every field of its kind that has a rule, in the order of [`Field::every`].
///
/// A valid decision of a person comes first; it is bound neither by direction nor by policy. Everything else is the
/// merge's verdict, put into the target's shape. What cannot be written is a note, not a change.
pub fn plan_pair(pair: &Pair, context: Context<'_>) -> PairPlan {
    let fields = Field::every(context.flowtly.kind, context.rules.fields.keys().copied());
    if let Some(side) = identity::changed(pair, context) {
        return PairPlan { identity_changed: Some(side), ..PairPlan::default() };
    }
    let mut plan = PairPlan::default();
    for (field, rule) in fields.filter_map(|field| context.rules.fields.get(&field).map(|rule| (field, rule))) {
        FieldView { field, rule, pair, context }.plan(&mut plan);
    }
    plan
}

/// The decision about a field, if the person who took it was shown what is there now.
pub(super) fn valid_decision<'a>(pair: &'a Pair, field: Field, context: Context<'_>) -> Option<&'a Decision> {
    let decision = pair.decisions.get(&field)?;
    let holds = |side, shown: &Text| {
        let now = reading(pair, side, field, context);
        let read = |text: &Text| Reading::of(field, text.clone(), context.locale);
        match &decision.choice {
            Choice::Side(_) => read(shown).same_as(now),
            Choice::Text(text) => read(shown).same_as(now) || read(text).agrees_with(now),
        }
    };
    (holds(Side::Flowtly, &decision.flowtly) && holds(Side::Crm, &decision.crm)).then_some(decision)
}

/// What a side shows of a field; unknown where its mapping does not have it.
pub(super) fn reading<'a>(pair: &'a Pair, side: Side, field: Field, context: Context<'_>) -> &'a Reading {
    if field == Field::Parent || context.shape(side).maps(field) {
        pair.half(side).record.reading(field)
    } else {
        &Reading::Unknown
    }
}

/// One field of a pair.
#[derive(Clone, Copy)]
struct FieldView<'a> {
    field: Field,
    rule: &'a FieldRule,
    pair: &'a Pair,
    context: Context<'a>,
}

/// What a write to one side comes to.
enum Prepared {
    NotWritable,
    AsItIs,
    ClearsRequired,
    Change(Change),
}

/// Where a contact's company stands.
enum Place {
    Unknown,
    Outside,
    Linked,
}

impl FieldView<'_> {
    fn plan(self, plan: &mut PairPlan) {
        if self.field == Field::Parent {
            match (self.place(Side::Flowtly), self.place(Side::Crm)) {
                (Place::Outside, Place::Outside) => return,
                (Place::Outside, Place::Linked) | (Place::Linked, Place::Outside) => {
                    plan.notes.push((self.field, Reason::BlockedByParent));
                    return;
                }
                (Place::Linked, Place::Linked)
                | (Place::Unknown, Place::Unknown | Place::Outside | Place::Linked)
                | (Place::Outside | Place::Linked, Place::Unknown) => {}
            }
        }
        match valid_decision(self.pair, self.field, self.context) {
            Some(decision) => self.carry_out(decision, plan),
            None => self.merge(plan),
        }
    }

    fn merge(self, plan: &mut PairPlan) {
        let circumstances =
            Circumstances { adoption: self.context.adoption, alternates: self.pair.alternating.contains(&self.field) };
        match merge(self.field, self.rule, self.half(Side::Flowtly), self.half(Side::Crm), circumstances) {
            Verdict::Nothing(None) => {}
            Verdict::Nothing(Some(reason)) => plan.notes.push((self.field, reason)),
            Verdict::Agree(reason) => plan.agreed.push((self.field, reason)),
            Verdict::Conflict(reason) => self.conflict(reason, plan),
            Verdict::Write { to, reason } => match self.prepare(to, &self.text(to.opposite()), reason) {
                Prepared::NotWritable => plan.notes.push((self.field, Reason::NotWritable)),
                Prepared::AsItIs => plan.agreed.push((self.field, Reason::NotCarried)),
                Prepared::ClearsRequired => self.conflict(Reason::RequiredElsewhere, plan),
                Prepared::Change(change) => plan.changes_mut(to).push(change),
            },
        }
    }

    fn carry_out(self, decision: &Decision, plan: &mut PairPlan) {
        match &decision.choice {
            Choice::Side(side) => {
                let to = side.opposite();
                match self.prepare(to, &self.text(*side), Reason::Decided) {
                    Prepared::NotWritable => plan.notes.push((self.field, Reason::NotWritable)),
                    Prepared::AsItIs => plan.agreed.push((self.field, Reason::Decided)),
                    Prepared::ClearsRequired => self.conflict(Reason::RequiredElsewhere, plan),
                    Prepared::Change(change) => plan.changes_mut(to).push(change),
                }
            }
            Choice::Text(text) => self.carry_out_text(text, plan),
        }
    }

    /// Both sides or none: a text of which one half cannot be written is not half written.
    fn carry_out_text(self, text: &Text, plan: &mut PairPlan) {
        if self.field == Field::Parent && is_outside(text) {
            plan.notes.push((self.field, Reason::BlockedByParent));
            return;
        }
        let to_flowtly = self.prepare(Side::Flowtly, text, Reason::Decided);
        let to_crm = self.prepare(Side::Crm, text, Reason::Decided);
        match (to_flowtly, to_crm) {
            (
                Prepared::NotWritable,
                Prepared::NotWritable | Prepared::AsItIs | Prepared::ClearsRequired | Prepared::Change(_),
            )
            | (Prepared::AsItIs | Prepared::ClearsRequired | Prepared::Change(_), Prepared::NotWritable) => {
                plan.notes.push((self.field, Reason::NotWritable));
            }
            (Prepared::ClearsRequired, Prepared::AsItIs | Prepared::ClearsRequired | Prepared::Change(_))
            | (Prepared::AsItIs | Prepared::Change(_), Prepared::ClearsRequired) => {
                self.conflict(Reason::RequiredElsewhere, plan);
            }
            (Prepared::AsItIs, Prepared::AsItIs) => plan.agreed.push((self.field, Reason::Decided)),
            // The side that shows the text already is the source: its base takes its own spelling.
            (Prepared::Change(change), Prepared::AsItIs) => {
                plan.to_flowtly.push(Change { source: self.text(Side::Crm), ..change });
            }
            (Prepared::AsItIs, Prepared::Change(change)) => {
                plan.to_crm.push(Change { source: self.text(Side::Flowtly), ..change });
            }
            (Prepared::Change(flowtly), Prepared::Change(crm)) => {
                plan.to_flowtly.push(flowtly);
                plan.to_crm.push(crm);
            }
        }
    }

    fn prepare(self, to: Side, source: &Text, reason: Reason) -> Prepared {
        let before = self.text(to);
        let after = if self.field == Field::Parent {
            // A link's id is the same text on both sides.
            source.clone()
        } else {
            let shape = self.context.shape(to);
            let put = |text: &Text| lens::put(self.field, text, &before, &shape.parts(self.field), self.context.locale);
            // Where a system cut or rewrote a part of a composite, that must not travel back because another part was edited.
            let text = match (&reason, self.base(to.opposite()), self.base(to)) {
                (Reason::Moved { .. }, Some(source_base), Some(_)) => {
                    keep_unmoved(&before, &put(&source_base), put(source))
                }
                (Reason::ConflictPolicy { .. }, Some(source_base), Some(base)) => {
                    keep_unmoved(&base, &put(&source_base), put(source))
                }
                (_, _, _) => put(source),
            };
            shape.spell(self.field, &before, text)
        };
        if is_same_text(&before, &after) {
            Prepared::AsItIs
        } else if !self.is_writable(to) {
            Prepared::NotWritable
        } else if after.says_nothing() && self.is_required(to) {
            Prepared::ClearsRequired
        } else {
            Prepared::Change(Change { field: self.field, before, after, source: source.clone(), reason })
        }
    }

    /// A conflict that nobody could carry out is not worth asking.
    fn conflict(self, reason: Reason, plan: &mut PairPlan) {
        if !Side::BOTH.into_iter().any(|side| self.is_writable(side)) {
            plan.notes.push((self.field, Reason::NotWritable));
            return;
        }
        let conflict = Conflict {
            field: self.field,
            flowtly: self.text(Side::Flowtly),
            crm: self.text(Side::Crm),
            flowtly_base: self.base(Side::Flowtly),
            crm_base: self.base(Side::Crm),
        };
        plan.conflicts.push((conflict, reason));
    }

    fn half(&self, side: Side) -> Half<'_> {
        Half {
            base: self.pair.half(side).base.get(&self.field),
            now: self.reading(side),
            required: self.is_required(side),
            cut: self.context.manners(side).cuts.get(&self.field).copied(),
        }
    }

    /// What a side showed at the last agreement.
    fn base(self, side: Side) -> Option<Text> {
        self.pair.half(side).base.get(&self.field).and_then(Reading::text)
    }

    fn reading(&self, side: Side) -> &Reading {
        reading(self.pair, side, self.field, self.context)
    }

    fn text(self, side: Side) -> Text {
        self.reading(side).text().unwrap_or_default()
    }

    fn place(self, side: Side) -> Place {
        match self.reading(side) {
            Reading::Unknown => Place::Unknown,
            // A contact whose company shows no link at all must not lose it on the other side.
            Reading::Blank => Place::Outside,
            Reading::Value(value) if is_outside(value.text()) => Place::Outside,
            Reading::Value(_) => Place::Linked,
        }
    }

    fn is_writable(self, side: Side) -> bool {
        self.field == Field::Parent || self.context.shape(side).is_writable(self.field)
    }

    fn is_required(self, side: Side) -> bool {
        self.context.manners(side).required.contains(&self.field)
    }
}

fn is_outside(parent: &Text) -> bool {
    parent.is_blank() || parent.part(Part::Whole) == Some(OUTSIDE)
}

/// What is written where the source came from `was` to `is`, both put into the target's shape: parts that the source did not move
/// since both agreed are what the target `agreed` to, in its own words.
fn keep_unmoved(agreed: &Text, was: &Text, mut is: Text) -> Text {
    let is_unmoved = |part: Part, text: &str| was.part(part).unwrap_or_default() == text;
    let unmoved: Vec<Part> = is.parts().filter(|(part, text)| is_unmoved(*part, text)).map(|(part, _)| part).collect();
    for part in unmoved {
        is.set(part, agreed.part(part).unwrap_or_default().to_owned());
    }
    is
}

/// Whether two texts of one side are the same to the letter; a part that is not carried is as good as an empty one.
fn is_same_text(ours: &Text, theirs: &Text) -> bool {
    let filled = |text: &Text| -> Vec<(Part, String)> {
        text.parts().filter(|(_, text)| !text.is_empty()).map(|(part, text)| (part, text.to_owned())).collect()
    };
    filled(ours) == filled(theirs)
}
