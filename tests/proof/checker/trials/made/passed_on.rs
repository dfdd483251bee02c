//! What a text goes through before we replace it or pass it on: a cut of the system, a merge, another partner.

use chrono::TimeDelta;
use flowtly_sync::sandbox::Manner;
use libtest_mimic::Trial;

use super::super::super::evidence::{Kind, Rec, Side};
use super::super::super::journal::What;
use super::making::{COMPANY, Making, client, company, contact};
use super::told::{second, silent, told};

pub(super) fn trials() -> Vec<Trial> {
    const EDITS: &str = "no_edit_is_lost";
    const INVENTED: &str = "nothing_is_invented";
    vec![
        silent(EDITS, "who_puts_back_a_text_as_the_system_had_cut_it_has_not_moved", |making| {
            put_back(making, "Alfa i Wsp");
        }),
        told(EDITS, "who_puts_back_a_text_as_nobody_had_cut_it_has_moved", "nothing later", |making| {
            put_back(making, "Alfa i Ws");
        }),
        silent(EDITS, "what_a_merge_carried_is_as_old_as_it_was", |making| merged_late(making, "Alfa Europe")),
        told(EDITS, "what_a_merge_said_anew_is_as_new_as_the_merge", "nothing later", |making| {
            merged_late(making, "Alfa World");
        }),
        silent(INVENTED, "what_a_former_partner_said_is_known", |making| {
            let former = another_partner(making);
            making.evidence.linked.insert((Rec::new(Side::Flowtly, Kind::Company, "2"), former));
        }),
        told(INVENTED, "what_a_record_said_that_never_was_a_partner_is_told", "which nobody typed", |making| {
            another_partner(making);
        }),
    ]
}

/// A name that we sent and that the CRM cut, another one that a person put in its place, one in Flowtly, and what the person
/// put back, which we replace.
fn put_back(making: &mut Making, name: &str) {
    making.liberty("name", Manner::Cut(10));
    making.person_types(&client(), "name", "Alfa i Wspólnicy");
    making.we_update_kept_as(&company(), &[("name", "Alfa i Wspólnicy")], &[("name", "Alfa i Wsp")]);
    making.wrote(Side::Crm, "name", "Alfa", "Alfa i Wspólnicy", "moved");
    for (second, rec, text) in [(1, company(), "Beta"), (2, client(), "Gamma"), (3, company(), name)] {
        making.person_types(&rec, "name", text);
        making.evidence.deeds.last_mut().unwrap().at += TimeDelta::seconds(second);
    }
    making.we_read(Side::Crm);
    making.we_update(&company(), &[("name", "Gamma")], 200);
    making.evidence.crm_log.last_mut().unwrap().at += TimeDelta::seconds(4);
    making.wrote(Side::Crm, "name", name, "Gamma", "moved");
}

/// A company that showed "Alfa Europe" before its client got another name is merged into another one, which shows `name` from
/// then on under its own id, and which we replace.
fn merged_late(making: &mut Making, name: &str) {
    let survivor = second(making, &[("name", "Beta"), ("country", "Poland"), ("vat_number", "PL5210000109")]);
    making.person_types(&company(), "name", "Alfa Europe");
    making.person_types(&client(), "name", "Alfa Polska");
    making.removed(&company());
    making.deed(&survivor, What::Merged { from: vec![COMPANY.to_owned()] });
    making.evidence.records.get_mut(&survivor).unwrap().absorbed = [COMPANY.to_owned()].into();
    making.person_types(&survivor, "name", name);
    let state = &mut making.evidence.state;
    state.links[0].crm.clone_from(&survivor.id);
    state.seen.iter_mut().filter(|seen| seen.rec == survivor).for_each(|seen| {
        (seen.link, seen.verdict) = (Some(1), None);
    });
    making.evidence.records.get_mut(&contact()).unwrap().parents = [survivor.id.clone()].into();
    making.we_read(Side::Crm);
    making.we_update(&survivor, &[("name", "Alfa Polska")], 200);
    making.wrote(Side::Crm, "name", name, "Alfa Polska", "moved");
}

/// A number of a company travels to a client; the company is purged, another one takes its place, and the number travels on.
fn another_partner(making: &mut Making) -> Rec {
    let former = second(making, &[("name", "Beta"), ("phone", "+48 22 765 43 21")]);
    let client = Rec::new(Side::Flowtly, Kind::Company, "2");
    making.person_makes(&client, &[("name", "Beta")]);
    making.we_update(&client, &[("addressPhoneNumber", "+48 22 765 43 21")], 200);
    making.deed(&former, What::Removed);
    making.removed(&former);
    making.evidence.state.seen.iter_mut().filter(|seen| seen.rec == former).for_each(|seen| seen.gone = true);
    let anew = Rec::new(Side::Crm, Kind::Company, "5000000003");
    making.person_makes(&anew, &[("name", "Beta")]);
    making.link(3, None, &client, &anew);
    making.we_update(&anew, &[("phone", "+48 22 765 43 21")], 200);
    for (side, property) in [(Side::Flowtly, "phone"), (Side::Crm, "phone")] {
        making.wrote(side, property, "", "+48 22 765 43 21", "moved");
        making.evidence.state.history.last_mut().unwrap().link = 3;
    }
    former
}
