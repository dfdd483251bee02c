//! What must be told, and what must not.

use flowtly_sync::sandbox::Manner;
use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::super::super::evidence::{Kind, Rec, Record, Side};
use super::super::super::journal::{Lap, What};
use super::super::super::state::{Intent, Question, Todo, Written};
use super::super::{is_clean, tells, trial};
use super::doubles::doubles;
use super::making::{CLIENT, COMPANY, Making, client, company, contact, person};
use super::passed_on;

pub(super) type Step = fn(&mut Making);

pub(super) fn told(invariant: &'static str, name: &str, says: &'static str, step: Step) -> Trial {
    trial(&format!("{invariant}::{name}"), move || {
        let mut making = Making::clean();
        step(&mut making);
        tells(&making.evidence, invariant, says)
    })
}

pub(super) fn silent(invariant: &'static str, name: &str, step: Step) -> Trial {
    trial(&format!("{invariant}::{name}"), move || {
        let mut making = Making::clean();
        step(&mut making);
        is_clean(&making.evidence)
    })
}

/// A second company in the CRM, that people made and the state has judged.
pub(super) fn second(making: &mut Making, values: &[(&str, &str)]) -> Rec {
    let rec = Rec::new(Side::Crm, Kind::Company, "5000000002");
    making.person_makes(&rec, values);
    making.seen(&rec, None, Some("rests"));
    rec
}

pub fn trials() -> Vec<Trial> {
    let all = [
        agree(),
        rest(),
        doubles(),
        edits(),
        edits_that_are_kept(),
        invented(),
        writes(),
        rules(),
        refusals(),
        sound(),
        passed_on::trials(),
    ];
    let clean = trial("a_clean_run_tells_nothing", || is_clean(&Making::clean().evidence));
    all.into_iter().flatten().chain([clean]).collect()
}

fn agree() -> Vec<Trial> {
    const I: &str = "both_sides_agree";
    vec![
        told(I, "a_difference_without_a_reason_is_told", "phone of", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
        }),
        told(I, "a_city_that_did_not_arrive_is_told", "address of", |making| {
            making.person_types(&client(), "addressCity", "Kraków");
        }),
        told(I, "another_tax_number_is_told", "tax_identity of", |making| {
            making.person_types(&company(), "vat_number", "PL5210000204");
        }),
        told(I, "a_contact_of_another_company_is_told", "parent of", |making| {
            let beta = second(making, &[("name", "Beta")]);
            let client = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&client, &[("name", "Beta")]);
            making.link(3, None, &client, &beta);
            making.evidence.records.get_mut(&contact()).unwrap().parents = [beta.id].into();
        }),
        told(I, "equal_is_not_what_differs", "the certificate calls equal", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
            "equal".clone_into(&mut making.evidence.state.links[0].assessment);
        }),
        told(I, "equal_is_not_what_is_not_there", "one of them is not there", |making| {
            making.removed(&company());
            "equal".clone_into(&mut making.evidence.state.links[0].assessment);
        }),
        told(I, "a_pair_that_waits_and_is_not_listed_is_told", "nothing is listed", |making| {
            "waits".clone_into(&mut making.evidence.state.links[0].assessment);
        }),
        told(I, "a_record_without_partner_and_verdict_is_told", "has no partner", |making| {
            making.person_makes(&Rec::new(Side::Crm, Kind::Company, "5000000002"), &[("name", "Beta")]);
        }),
        silent(I, "a_conflict_is_a_reason", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
            making.conflict("phone");
        }),
        told(I, "a_conflict_is_a_reason_for_its_own_field_alone", "phone of", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
            making.conflict("name");
        }),
        silent(I, "a_refusal_is_a_reason", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
            making.failure(Some(1), None, "");
        }),
        silent(I, "a_question_is_a_reason", |making| {
            making.person_types(&company(), "phone", "+48 22 123 45 67");
            let body = json!({"asks": "same", "subject": {"side": "crm", "id": COMPANY}, "candidates": []});
            making.evidence.state.questions.push(Question { seen: 2, body });
        }),
        silent(I, "what_is_typed_another_way_agrees", |making| {
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
            making.person_types(&company(), "phone", "0048 (22) 1234567");
            making.person_types(&company(), "name", " Alfa ");
        }),
        silent(I, "drift_of_a_one_way_field_is_kept", |making| {
            making.rules("[rules.company.fields]\nphone = { direction = \"to-crm\" }\n");
            making.person_types(&company(), "phone", "+48 22 123 45 67");
        }),
        silent(I, "a_one_way_field_that_nobody_gave_to_the_source_stays", |making| {
            making.rules("[rules.company.fields]\nphone = { direction = \"to-crm\", drift = \"correct\" }\n");
            making.person_types(&company(), "phone", "+48 22 123 45 67");
        }),
        told(I, "a_one_way_field_whose_source_moved_is_told", "phone of", |making| {
            making.rules("[rules.company.fields]\nphone = { direction = \"to-crm\" }\n");
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
        }),
        silent(I, "a_declared_cut_is_a_reason", |making| {
            making.liberty("name", Manner::Cut(10));
            making.person_types(&client(), "name", "Alfa i Wspólnicy");
            making.we_update(&company(), &[("name", "Alfa i Wspólnicy")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa i Wspólnicy", "moved");
            making.shows(&company(), "name", "Alfa i Wsp");
        }),
        told(I, "a_cut_that_nobody_declared_is_told", "name of", |making| {
            making.person_types(&client(), "name", "Alfa i Wspólnicy");
            making.we_update(&company(), &[("name", "Alfa i Wspólnicy")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa i Wspólnicy", "moved");
            making.shows(&company(), "name", "Alfa i Wsp");
        }),
    ]
}

fn rest() -> Vec<Trial> {
    const I: &str = "it_terminates";
    vec![
        told(I, "a_last_pass_that_writes_is_told", "the last pass still wrote", |making| {
            making.evidence.laps.push(Lap { from: (0, 0), requests: 10, writes: 1, faults: 0, deeds: 0, records: 4 });
        }),
        silent(I, "a_last_pass_in_which_all_is_refused_once_more_rests", |making| {
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
            making.failure(Some(1), None, "phone");
            making.pass_begins();
            making.we_update(&company(), &[("phone", "+48 22 123 45 67")], 400);
            making.evidence.laps.last_mut().unwrap().writes = 1;
        }),
        told(I, "a_pass_that_asks_too_much_is_told", "its work explains", |making| {
            making.evidence.laps[1].requests = 5_000;
        }),
        told(I, "passes_that_write_for_ever_are_told", "without a cause", |making| {
            let busy = Lap { from: (0, 0), requests: 10, writes: 1, faults: 0, deeds: 0, records: 4 };
            making.evidence.laps.extend([busy; 20]);
        }),
        told(I, "a_log_that_forgot_is_told", "forgot", |making| making.evidence.forgotten = 7),
    ]
}

fn edits() -> Vec<Trial> {
    const I: &str = "no_edit_is_lost";
    vec![
        silent(I, "a_later_edit_travels_and_the_old_text_is_kept", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Polska", "moved");
        }),
        told(I, "what_is_overwritten_without_history_is_told", "the history has no word", |making| {
            making.person_types(&company(), "name", "Alfa Europe");
            making.person_types(&client(), "name", "Alfa Polska");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
        }),
        told(I, "an_older_text_over_a_newer_one_is_told", "nothing later", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa Europe", "Alfa Polska", "moved");
        }),
        told(I, "a_policy_that_nobody_configured_is_told", "nothing later", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa Europe", "Alfa Polska", "conflict_policy");
        }),
        silent(I, "a_policy_decides", |making| {
            making.rules("[rules.company.fields]\nname = { conflict = \"flowtly\" }\n");
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa Europe", "Alfa Polska", "conflict_policy");
        }),
        told(I, "a_decision_that_nobody_took_is_told", "nothing later", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa Europe", "Alfa Polska", "decided");
        }),
        silent(I, "a_decision_decides", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.deed(&company(), What::Decided { typed: None, with: None });
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa Europe", "Alfa Polska", "decided");
        }),
        silent(I, "a_decision_about_what_was_merged_into_a_record_decides_there", |making| {
            decided_before_a_merge(making, "Alfa Europe");
        }),
        told(I, "a_decision_about_another_text_than_the_merged_one_is_none", "nothing later", |making| {
            decided_before_a_merge(making, "Alfa World");
        }),
        silent(I, "what_was_typed_between_read_and_write_cannot_be_told", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.we_read(Side::Crm);
            making.guard(&company());
            making.person_types(&company(), "name", "Alfa Europe");
            making.send_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Polska", "moved");
        }),
        told(I, "a_text_that_vanished_is_told", "nobody wrote it", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.shows(&client(), "name", "Alfa");
        }),
        told(I, "a_clearing_that_was_undone_is_told", "nothing later", |making| {
            making.person_types(&client(), "addressCity", "Kraków");
            making.we_update(&company(), &[("city", "Kraków")], 200);
            making.wrote(Side::Crm, "address", "", "Kraków", "moved");
            making.person_types(&company(), "city", "");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("city", "Kraków")], 200);
            making.wrote(Side::Crm, "address", "", "Kraków", "moved");
        }),
    ]
}

/// What looks like a lost edit, and is none; and its neighbours that are.
fn edits_that_are_kept() -> Vec<Trial> {
    const I: &str = "no_edit_is_lost";
    vec![
        silent(I, "who_puts_back_what_was_agreed_has_not_moved", |making| {
            // Typed between the read and the create that carried the old name; then away and back on the other side.
            making.person_types(&company(), "name", "Alfa Europe");
            making.person_types(&company(), "name", "Alfa");
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Europe");
            making.person_types(&company(), "name", "Alfa");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Polska", "moved");
        }),
        told(I, "who_puts_back_what_was_agreed_long_ago_has_moved", "nothing later", |making| {
            making.person_types(&client(), "name", "Alfa Polska");
            making.we_update(&company(), &[("name", "Alfa Polska")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Polska", "moved");
            making.person_types(&client(), "name", "Alfa Europe");
            making.person_types(&company(), "name", "Alfa");
            making.we_read(Side::Crm);
            making.we_update(&company(), &[("name", "Alfa Europe")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Europe", "moved");
        }),
        told(I, "who_puts_back_what_was_agreed_before_another_text_has_moved", "nothing later", |making| {
            // Both sides said it, and it was read: that may have been agreed as well.
            making.person_types(&client(), "name", "Alfa Polska");
            making.person_types(&company(), "name", "Alfa Polska");
            making.we_read(Side::Crm);
            making.person_types(&client(), "name", "Alfa Europe");
            making.person_types(&company(), "name", "Alfa");
            making.we_update(&company(), &[("name", "Alfa Europe")], 200);
            making.wrote(Side::Crm, "name", "Alfa", "Alfa Europe", "moved");
        }),
        silent(I, "who_makes_anew_what_was_agreed_has_not_moved", |making| made_anew(making, "Alfa")),
        told(I, "who_makes_anew_something_else_has_moved", "nothing later", |making| made_anew(making, "Alfa Europe")),
        silent(I, "who_clears_again_what_was_blank_on_both_sides_has_not_moved", |making| {
            making.we_read(Side::Flowtly);
            cleared_again(making, true);
        }),
        silent(I, "who_clears_again_what_nobody_saw_has_not_moved", |making| cleared_again(making, false)),
        told(I, "who_clears_what_the_other_side_had_from_the_beginning_has_moved", "nothing later", |making| {
            cleared_again(making, true);
        }),
        silent(I, "who_puts_back_a_name_that_the_other_side_has_in_two_texts_has_not_moved", |making| {
            making.person_types(&contact(), "lastname", "Nowak");
            making.we_read(Side::Flowtly);
            making.person_types(&person(), "name", "Ewa Berg");
            renamed_again(making, "Nowak");
        }),
        told(I, "who_puts_back_a_name_behind_another_one_on_both_sides_has_moved", "nothing later", |making| {
            // Both sides said it, and it was read: that may have been agreed as well.
            making.person_types(&contact(), "lastname", "Nowak");
            making.person_types(&person(), "name", "Jan Nowak");
            making.we_read(Side::Flowtly);
            making.person_types(&contact(), "lastname", "Berg");
            renamed_again(making, "Berg");
        }),
        silent(I, "a_move_of_a_person_stands_between_two_of_ours", |making| moved_twice(making, "3")),
        told(I, "a_move_that_the_history_does_not_know_is_told", "lost client = \"2\"", |making| {
            moved_twice(making, "1");
        }),
        silent(I, "what_the_system_ignored_replaced_nothing", |making| {
            ignored(making);
        }),
        told(I, "what_is_overwritten_after_a_write_in_vain_is_told", "\"+48 22 123 45 67\" to", |making| {
            ignored(making);
            making.person_types(&client(), "addressPhoneNumber", "+48 22 222 22 22");
            making.we_update(&company(), &[("phone", "+48 22 222 22 22")], 200);
        }),
    ]
}

/// The company is removed after its client was renamed, and a person makes it anew under a name, which we replace.
fn made_anew(making: &mut Making, name: &str) {
    making.person_types(&client(), "name", "Alfa Polska");
    making.deed(&company(), What::Removed);
    making.removed(&company());
    making.leaves(&contact(), COMPANY);
    let anew = Rec::new(Side::Crm, Kind::Company, "5000000002");
    making.person_makes(&anew, &[("name", name), ("country", "Poland"), ("vat_number", "PL5210000109")]);
    making.joins(&contact(), &anew.id);
    let state = &mut making.evidence.state;
    state.links[0].crm.clone_from(&anew.id);
    let old = state.seen.iter_mut().find(|seen| seen.rec == company()).unwrap();
    (old.link, old.gone) = (None, true);
    making.seen(&anew, Some(1), None);
    making.we_read(Side::Crm);
    making.we_update(&anew, &[("name", "Alfa Polska")], 200);
    making.wrote(Side::Crm, "name", name, "Alfa Polska", "moved");
}

/// A number that a person typed in the CRM and took out again, after another one was typed in Flowtly, which we carry.
fn cleared_again(making: &mut Making, is_seen: bool) {
    making.person_types(&client(), "addressPhoneNumber", "+48 22 222 22 22");
    making.person_types(&company(), "phone", "+48 22 123 45 67");
    if is_seen {
        making.we_read(Side::Crm);
    }
    making.person_types(&company(), "phone", "");
    making.we_read(Side::Crm);
    making.we_update(&company(), &[("phone", "+48 22 222 22 22")], 200);
    making.wrote(Side::Crm, "phone", "", "+48 22 222 22 22", "moved");
}

/// A person puts the name back in Flowtly, and we carry what the CRM shows.
fn renamed_again(making: &mut Making, last: &str) {
    making.person_types(&person(), "name", "Jan Kowalski");
    making.we_read(Side::Flowtly);
    let name = format!("Jan {last}");
    making.we_update(&person(), &[("name", &name)], 200);
    making.wrote(Side::Flowtly, "person_name", "Jan Kowalski", &name, "moved");
    making.evidence.state.history.last_mut().unwrap().link = 2;
}

/// A person decides on a name that the company showed as "Alfa Europe"; it is merged into another one, that shows `name`, and
/// what was decided is written there.
fn decided_before_a_merge(making: &mut Making, name: &str) {
    making.person_types(&client(), "name", "Alfa Polska");
    making.person_types(&company(), "name", "Alfa Europe");
    making.deed(&company(), What::Decided { typed: None, with: None });
    let old = making.evidence.records[&company()].clone();
    let merged = Rec::new(Side::Crm, Kind::Company, "5000000009");
    making.removed(&company());
    making.deed(&merged, What::Merged { from: vec![COMPANY.to_owned()] });
    making
        .evidence
        .records
        .insert(merged.clone(), Record { absorbed: [COMPANY.to_owned()].into(), ..Record::default() });
    for (property, text) in &old.texts {
        making.person_types(&merged, property, if property == "name" { name } else { text });
    }
    making.evidence.state.links[0].crm.clone_from(&merged.id);
    making.seen(&merged, Some(1), None);
    making.evidence.records.get_mut(&contact()).unwrap().parents = [merged.id.clone()].into();
    making.we_read(Side::Crm);
    making.we_update(&merged, &[("name", "Alfa Polska")], 200);
    making.wrote(Side::Crm, "name", name, "Alfa Polska", "decided");
}

/// A contact that a person moves to the second client, and we to the third; the history says that it was with this link's.
fn moved_twice(making: &mut Making, before: &str) {
    for (link, number) in [(3, "2"), (4, "3")] {
        let client = Rec::new(Side::Flowtly, Kind::Company, number);
        let company = Rec::new(Side::Crm, Kind::Company, format!("500000000{number}"));
        for (rec, name) in [(&client, "name"), (&company, "name")] {
            making.person_makes(rec, &[(name, &format!("Firm {number}"))]);
        }
        making.link(link, None, &client, &company);
    }
    making.evidence.records.get_mut(&person()).unwrap().parents.clear();
    making.joins(&person(), "2");
    making.joins(&contact(), "5000000003");
    making.we_read(Side::Flowtly);
    making.guard(&person());
    making.send_update(&person(), &[("client", "3")], 200);
    making.evidence.records.get_mut(&person()).unwrap().texts.remove("client");
    making.evidence.records.get_mut(&person()).unwrap().parents = ["3".to_owned()].into();
    making.evidence.records.get_mut(&contact()).unwrap().parents = ["5000000003".to_owned()].into();
    making.evidence.state.links[1].parent = Some(4);
    making.wrote(Side::Flowtly, "parent", before, "4", "moved");
    making.evidence.state.history.last_mut().unwrap().link = 2;
}

/// A telephone number that people typed in the CRM, which ignored another one that we sent.
fn ignored(making: &mut Making) {
    making.liberty("phone", Manner::Ignore);
    making.person_types(&company(), "phone", "+48 22 123 45 67");
    making.person_types(&client(), "addressPhoneNumber", "+48 22 765 43 21");
    making.we_read(Side::Crm);
    making.we_update_in_vain(&company(), &[("phone", "+48 22 765 43 21")]);
    making.failure(Some(1), None, "phone");
}

fn invented() -> Vec<Trial> {
    const I: &str = "nothing_is_invented";
    vec![
        told(I, "a_text_that_nobody_wrote_is_told", "which nobody wrote", |making| {
            making.shows(&client(), "invoiceComment", "pay soon");
        }),
        told(I, "a_text_that_we_made_up_is_told", "which nobody typed", |making| {
            making.we_update(&company(), &[("phone", "+48 00 000 00 00")], 200);
        }),
        told(I, "a_text_of_another_firm_is_told", "which nobody typed", |making| {
            second(making, &[("name", "Beta"), ("phone", "+48 22 765 43 21")]);
            making.we_update(&client(), &[("addressPhoneNumber", "+48 22 765 43 21")], 200);
        }),
        told(I, "a_text_of_another_field_is_told", "which nobody typed", |making| {
            making.we_update(&company(), &[("name", "PL5210000109")], 200);
        }),
        told(I, "the_id_of_another_client_is_told", "which nobody typed", |making| {
            making.we_update(&company(), &[("flowtly_id", "org/7")], 200);
        }),
        told(I, "the_id_of_a_client_that_looks_like_another_firm_is_told", "which nobody typed", |making| {
            making.person_makes(&Rec::new(Side::Flowtly, Kind::Company, "2"), &[("name", "Beta")]);
            making.we_update(&company(), &[("flowtly_id", "org/2")], 200);
        }),
        silent(I, "what_was_written_before_its_pair_went_on_with_another_record_is_known", |making| {
            goes_on(making, "Alfa");
        }),
        told(I, "what_was_written_to_a_record_that_never_was_its_pair_is_told", "which nobody typed", |making| {
            goes_on(making, "Beta");
        }),
        silent(I, "what_a_lost_create_without_an_address_sent_was_typed_into_its_namesake_there", |making| {
            lost_contact(making, "Ewa Nowak", CLIENT);
        }),
        told(I, "what_nobody_of_that_name_has_is_told", "which nobody typed", |making| {
            lost_contact(making, "Ewa Kowalska", CLIENT);
        }),
        told(I, "what_a_namesake_of_another_firm_has_is_told", "which nobody typed", |making| {
            lost_contact(making, "Ewa Nowak", "2");
        }),
        told(I, "a_record_that_nobody_made_is_told", "nobody made it", |making| {
            let rec = Rec::new(Side::Crm, Kind::Company, "5000000002");
            making.evidence.records.insert(rec, Record::default());
        }),
        silent(I, "a_configured_default_is_declared", |making| {
            making
                .rules("[flowtly.defaults]\ncompany = { currency = \"PLN\", tax_identity = { tin_type = \"vat\" } }\n");
            let beta = second(making, &[("name", "Beta")]);
            let client = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.we_create(&client, &[("name", "Beta"), ("currency", "PLN"), ("tinType", "vat")], None);
            making.link(3, None, &client, &beta);
        }),
    ]
}

/// A contact that we make at the first company, with a name and no more, and hear nothing of, while a person of this name is at
/// `firm`: its create is open, and asked about.
fn lost_contact(making: &mut Making, name: &str, firm: &str) {
    let source = Rec::new(Side::Flowtly, Kind::Contact, "2");
    making.person_makes(&source, &[("name", name)]);
    making.joins(&source, firm);
    let row = making.seen(&source, None, Some("rests"));
    let lost = Rec::new(Side::Crm, Kind::Contact, "1002");
    making.we_create(&lost, &[("firstname", "Ewa"), ("lastname", "Nowak")], Some(COMPANY));
    making.seen(&lost, None, Some("rests"));
    let (side, kind) = (Side::Crm, Kind::Contact);
    let intent = Intent { side, kind, link: None, source: Some(row), target: None, closed: false, body: Value::Null };
    making.evidence.state.intents.push(intent);
    let candidates = json!([{"record": {"side": "crm", "id": lost.id}}]);
    let body =
        json!({"asks": "lost_create", "subject": {"side": "flowtly", "id": source.id}, "candidates": candidates});
    making.evidence.state.questions.push(Question { seen: row, body });
}

/// A company of this name takes the place of the one that we made, which somebody purges; that one had been sent a city.
fn goes_on(making: &mut Making, name: &str) {
    let old = Rec::new(Side::Crm, Kind::Company, "5000000003");
    making.we_create(&old, &[("name", name), ("city", "Kraków"), ("flowtly_id", "org/1")], None);
    making.person_types(&client(), "addressCity", "Kraków");
    making.we_update(&company(), &[("city", "Kraków")], 200);
    making.wrote(Side::Crm, "address", "", "Kraków", "moved");
    making.deed(&old, What::Removed);
    making.removed(&old);
}

fn writes() -> Vec<Trial> {
    const I: &str = "no_write_outside_the_plan";
    vec![
        told(I, "a_deletion_is_told", "none of our requests", |making| {
            making.request(Side::Flowtly, Method::DELETE, "/client-contacts/1", &Value::Null, 204, &Value::Null);
        }),
        told(I, "an_archiving_is_told", "none of our requests", |making| {
            let body = json!({"inputs": [{"id": COMPANY}]});
            making.request(
                Side::Crm,
                Method::POST,
                "/crm/objects/2026-03/companies/batch/archive",
                &body,
                204,
                &Value::Null,
            );
        }),
        told(I, "clearing_the_organisation_is_told", "none of our requests", |making| {
            making.request(Side::Flowtly, Method::POST, "/organizations/clear", &Value::Null, 200, &Value::Null);
        }),
        told(I, "a_property_without_mapping_is_told", "no mapping names", |making| {
            making.we_update(&company(), &[("domain", "Alfa")], 200);
        }),
        told(I, "a_property_that_may_not_be_written_is_told", "no mapping names", |making| {
            making.we_update(&client(), &[("costGroup", "x")], 200);
        }),
        told(I, "a_write_without_a_look_is_told", "without a look at it", |making| {
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
            making.we_read(Side::Crm);
            making.send_update(&company(), &[("phone", "+48 22 123 45 67")], 200);
            making.wrote(Side::Crm, "phone", "", "+48 22 123 45 67", "moved");
        }),
        told(I, "a_write_without_a_trace_is_told", "neither journal nor history", |making| {
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
            making.we_update(&company(), &[("phone", "+48 22 123 45 67")], 200);
        }),
        told(I, "a_record_that_vanished_is_told", "nobody removed it", |making| making.removed(&person())),
        silent(I, "what_people_removed_is_theirs", |making| {
            let beta = second(making, &[("name", "Beta")]);
            making.deed(&beta, What::Removed);
            making.removed(&beta);
        }),
        silent(I, "a_create_that_somebody_undid_before_anybody_heard_of_it_leaves_no_trace", |making| {
            let third = lost_create(making);
            making.deed(&third, What::Removed);
            making.removed(&third);
        }),
        told(I, "a_create_that_was_read_and_is_not_remembered_is_told", "neither journal nor history", |making| {
            let third = lost_create(making);
            making.seen(&third, None, Some("rests"));
            making.deed(&third, What::Removed);
            making.removed(&third);
        }),
    ]
}

/// A company that we make and hear nothing of, from a client that waits.
fn lost_create(making: &mut Making) -> Rec {
    let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
    making.person_makes(&beta, &[("name", "Beta")]);
    making.seen(&beta, None, Some("rests"));
    let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
    making.we_create(&third, &[("name", "Beta")], None);
    third
}

fn rules() -> Vec<Trial> {
    const I: &str = "nothing_against_the_rules";
    vec![
        told(I, "a_write_against_the_direction_is_told", "against the direction", |making| {
            making.rules("[rules.company.fields]\nphone = { direction = \"to-flowtly\" }\n");
            making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
            making.we_update(&company(), &[("phone", "+48 22 123 45 67")], 200);
        }),
        told(I, "a_create_that_is_off_is_told", "which the rules forbid", |making| {
            making.rules("[rules.company]\ncreate_in_crm = false\n");
        }),
        told(I, "a_create_outside_the_scope_is_told", "outside the scope", |making| {
            making.rules("[scope.flowtly.company]\nstatus = [\"active\"]\n");
            making.person_types(&client(), "status", "prospect");
        }),
        silent(I, "a_create_within_the_scope_is_right", |making| {
            making.rules("[scope.flowtly.company]\nstatus = [\"active\"]\n");
            making.person_types(&client(), "status", "active");
        }),
    ]
}

fn refusals() -> Vec<Trial> {
    const I: &str = "refusals_are_listed";
    fn refused(making: &mut Making) {
        making.person_types(&client(), "addressPhoneNumber", "+48 22 123 45 67");
        making.we_update(&company(), &[("phone", "+48 22 123 45 67")], 400);
    }
    vec![
        told(I, "a_refusal_without_failure_is_told", "nobody hears of it", refused),
        silent(I, "a_refusal_that_is_listed_is_heard_of", |making| {
            refused(making);
            making.failure(Some(1), None, "phone");
        }),
        told(I, "a_failure_of_another_field_does_not_count", "nobody hears of it", |making| {
            refused(making);
            making.failure(Some(1), None, "name");
        }),
        silent(I, "a_refusal_that_was_mended_is_over", |making| {
            refused(making);
            making.we_update(&company(), &[("phone", "+48 22 123 45 67")], 200);
            making.wrote(Side::Crm, "phone", "", "+48 22 123 45 67", "moved");
        }),
        told(I, "a_refused_create_is_told", "nobody hears of it", |making| {
            let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&beta, &[("name", "Beta")]);
            making.seen(&beta, None, Some("new"));
            making.request_create(&Rec::new(Side::Crm, Kind::Company, "5000000002"), &[("name", "Beta")], None, 400);
        }),
        silent(I, "a_refused_create_that_is_listed_is_heard_of", |making| {
            let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&beta, &[("name", "Beta")]);
            let row = making.seen(&beta, None, Some("new"));
            making.request_create(&Rec::new(Side::Crm, Kind::Company, "5000000002"), &[("name", "Beta")], None, 400);
            making.failure(None, Some(row), "");
        }),
        told(I, "a_refused_move_is_told", "nobody hears of it", |making| {
            refused_move(making);
        }),
        silent(I, "a_company_that_is_gone_takes_nobody_in", |making| {
            let beta = refused_move(making);
            making.deed(&beta, What::Removed);
            "tombstone".clone_into(&mut making.evidence.state.links[2].state);
            making.removed(&beta);
        }),
        told(I, "what_was_refused_beside_a_move_to_nobody_is_told", "nobody hears of it", |making| {
            refused_move_and_phone(making);
        }),
        silent(I, "what_was_refused_beside_a_move_to_nobody_and_mended_is_over", |making| {
            refused_move_and_phone(making);
            making.we_update(&person(), &[("phone", "+48 22 123 45 67")], 200);
            let (field, reason) = ("contact_phone".to_owned(), "moved".to_owned());
            let (old, new) = (json!({"whole": ""}), json!({"whole": "+48 22 123 45 67"}));
            making.evidence.state.history.push(Written { link: 2, side: Side::Flowtly, field, old, new, reason });
        }),
        silent(I, "a_namesake_at_another_firm_was_not_refused", |making| {
            let listed = Rec::new(Side::Flowtly, Kind::Contact, "2");
            refused_contact(making, &listed, CLIENT);
        }),
        told(I, "a_namesake_at_that_firm_may_have_been_refused", "nobody hears of it", |making| {
            let other = Rec::new(Side::Flowtly, Kind::Contact, "2");
            refused_contact(making, &other, "2");
        }),
        silent(I, "a_namesake_that_rests_with_its_company_was_not_refused", |making| {
            refused_without_address(making, "tombstone", Some("rests"));
        }),
        told(I, "a_namesake_whose_company_is_linked_may_have_been_refused", "nobody hears of it", |making| {
            refused_without_address(making, "live", Some("rests"));
        }),
        told(I, "a_namesake_of_whom_the_state_says_nothing_may_have_been_refused", "nobody hears of it", |making| {
            refused_without_address(making, "tombstone", None);
        }),
    ]
}

/// The same in one request with a number, and the client is gone.
fn refused_move_and_phone(making: &mut Making) {
    making.person_types(&contact(), "phone", "+48 22 123 45 67");
    let beta = refused_move(making);
    making.deed(&beta, What::Removed);
    "tombstone".clone_into(&mut making.evidence.state.links[2].state);
    making.removed(&beta);
    making.we_update(&person(), &[("client", "2"), ("phone", "+48 22 123 45 67")], 400);
}

/// A person moves to another company in the CRM, and its client in Flowtly, which is returned, does not take him in.
fn refused_move(making: &mut Making) -> Rec {
    let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
    let theirs = Rec::new(Side::Crm, Kind::Company, "5000000002");
    making.person_makes(&beta, &[("name", "Beta")]);
    making.person_makes(&theirs, &[("name", "Beta")]);
    making.link(3, None, &beta, &theirs);
    making.leaves(&contact(), COMPANY);
    making.joins(&contact(), &theirs.id);
    making.we_update(&person(), &[("client", "2")], 400);
    beta
}

/// Two people of one name at two firms, and a create for the first firm that is refused: listed for the one who is at `listed`.
fn refused_contact(making: &mut Making, first: &Rec, listed: &str) {
    let values = [("name", "Ewa Nowak"), ("email", "ewa@alfa.pl")];
    let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
    making.person_makes(&beta, &[("name", "Beta")]);
    making.seen(&beta, None, Some("rests"));
    let second = Rec::new(Side::Flowtly, Kind::Contact, "3");
    for (rec, firm) in [(first, CLIENT), (&second, "2")] {
        making.person_makes(rec, &values);
        making.joins(rec, firm);
        let row = making.seen(rec, None, Some("rests"));
        if firm == listed {
            making.failure(None, Some(row), "");
        }
    }
    let sent = [("firstname", "Ewa"), ("lastname", "Nowak"), ("email", "ewa@alfa.pl")];
    making.request_create(&Rec::new(Side::Crm, Kind::Contact, "1002"), &sent, Some(COMPANY), 400);
}

/// Two people of one name at two clients that are one firm by now, and a create for the first without an address, that is
/// refused and listed. The other's client has a link in this state, and its row this verdict.
fn refused_without_address(making: &mut Making, link: &str, verdict: Option<&str>) {
    let beta = Rec::new(Side::Flowtly, Kind::Company, "2");
    let old = Rec::new(Side::Crm, Kind::Company, "5000000002");
    making.person_makes(&beta, &[("name", "Beta")]);
    making.person_makes(&old, &[("name", "Beta")]);
    making.link(3, None, &beta, &old);
    link.clone_into(&mut making.evidence.state.links[2].state);
    // A merge makes them one firm.
    making.deed(&company(), What::Merged { from: vec![old.id.clone()] });
    for (id, firm) in [("2", CLIENT), ("3", "2")] {
        let rec = Rec::new(Side::Flowtly, Kind::Contact, id);
        making.person_makes(&rec, &[("name", "Ewa Nowak"), ("email", &format!("ewa{id}@alfa.pl"))]);
        making.joins(&rec, firm);
        let row = making.seen(&rec, None, if firm == CLIENT { Some("rests") } else { verdict });
        if firm == CLIENT {
            making.failure(None, Some(row), "");
        }
    }
    let sent = [("firstname", "Ewa"), ("lastname", "Nowak")];
    making.request_create(&Rec::new(Side::Crm, Kind::Contact, "1002"), &sent, Some(COMPANY), 400);
}

fn sound() -> Vec<Trial> {
    const I: &str = "the_state_is_sound";
    vec![
        told(I, "an_open_intent_is_told", "is still open", Making::open_intent),
        told(I, "a_broken_file_is_told", "is not whole", |making| {
            making.evidence.state.complaints.push("row 3 missing from index".to_owned());
        }),
        told(I, "a_record_with_two_links_is_told", "has two links", |making| {
            making.link(3, None, &client(), &Rec::new(Side::Crm, Kind::Company, "5000000002"));
        }),
        told(I, "a_half_that_is_not_there_is_told", "is not there and the state does not know", |making| {
            making.removed(&company());
        }),
        told(I, "a_contact_link_without_company_link_is_told", "belongs to no company", |making| {
            making.evidence.state.links[1].parent = Some(9);
        }),
        told(I, "what_is_not_settled_is_told", "not settled", |making| {
            let (why, due) = ("staged".to_owned(), Some("2026-11-23T10:00:00Z".to_owned()));
            making.evidence.state.todo.push(Todo { link: Some(1), seen: None, why, due });
        }),
        told(I, "an_unclean_certificate_is_told", "the certificate counts", |making| {
            making.evidence.state.certificate = json!({"unexplained": 1, "pending": 0});
        }),
    ]
}
