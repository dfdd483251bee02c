//! One thing, one record: what is a double, and what is not.

use libtest_mimic::Trial;

use super::super::super::evidence::{Kind, Rec, Side};
use super::super::super::journal::What;
use super::making::{CLIENT, COMPANY, Making, client, company};
use super::told::{second, silent, told};

const I: &str = "no_duplicates";

pub(super) fn doubles() -> Vec<Trial> {
    [firms(), persons(), late()].into_iter().flatten().collect()
}

fn firms() -> Vec<Trial> {
    vec![
        told(I, "a_create_beside_the_same_tax_number_is_told", "was there and is the same", |making| {
            second(making, &[("name", "Beta"), ("vat_number", "521-000-02-04")]);
            making.we_read(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Beta SA"), ("vat_number", "PL5210000204")], None);
        }),
        told(I, "a_create_beside_the_same_name_and_country_is_told", "was there and is the same", |making| {
            second(making, &[("name", "Beta"), ("country", "Poland")]);
            making.we_read(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Beta"), ("country", "PL")], None);
        }),
        silent(I, "namesakes_with_other_tax_numbers_are_two", |making| {
            second(making, &[("name", "Alfa"), ("country", "Poland"), ("vat_number", "PL5210000204")]);
        }),
        silent(I, "what_people_made_twice_is_theirs", |making| {
            second(making, &[("name", "Alfa"), ("country", "Poland"), ("vat_number", "PL5210000109")]);
        }),
        told(I, "a_created_record_without_link_is_told", "has 0 links", |making| {
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Beta")], None);
        }),
        told(I, "one_stored_id_on_two_records_is_told", "the same Flowtly id", |making| {
            second(making, &[("name", "Beta"), ("flowtly_id", "org/1")]);
        }),
        silent(I, "a_namesake_that_carries_the_stamp_of_another_client_is_another_firm", |making| {
            let third = namesake(making, "2", "5000000003");
            making.link(3, None, &Rec::new(Side::Flowtly, Kind::Company, "2"), &third);
        }),
        told(I, "the_stamp_of_a_client_that_is_gone_tells_no_firms_apart", "was there and is the same", |making| {
            making.deed(&client(), What::Removed);
            making.removed(&client());
            namesake(making, "2", "5000000003");
        }),
        told(I, "no_stamp_tells_firms_of_one_tax_number_apart", "was there and is the same", |making| {
            making.we_read(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(
                &third,
                &[("name", "Beta"), ("vat_number", "PL5210000109"), ("flowtly_id", "org/2")],
                None,
            );
        }),
        told(I, "a_number_that_may_not_travel_is_a_number", "was there and is the same", |making| {
            second(making, &[("name", "Beta"), ("country", "Poland"), ("vat_number", "PL5210000204")]);
            let gamma = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&gamma, &[("name", "Gamma"), ("country", "PL"), ("vatNumber", "PL5210000204")]);
            making.we_read(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("country", "Poland")], None);
            making.link(3, None, &gamma, &third);
        }),
    ]
}

fn persons() -> Vec<Trial> {
    vec![
        told(I, "a_second_contact_of_the_same_address_is_told", "was there and is the same", |making| {
            making.we_read(Side::Crm);
            let values = [("firstname", "Jan"), ("lastname", "Kowalski"), ("email", "JAN@alfa.pl")];
            making.we_create(&Rec::new(Side::Crm, Kind::Contact, "1002"), &values, Some(COMPANY));
        }),
        told(I, "a_contact_that_was_put_to_the_company_before_is_told", "was there and is the same", |making| {
            let values = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
            let anna = Rec::new(Side::Crm, Kind::Contact, "1002");
            making.person_makes(&anna, &values);
            making.joins(&anna, COMPANY);
            making.we_read(Side::Crm);
            making.we_create(&Rec::new(Side::Crm, Kind::Contact, "1003"), &values, Some(COMPANY));
        }),
        silent(I, "a_contact_that_went_to_another_company_before_is_another_one", |making| {
            let beta = second(making, &[("name", "Beta")]);
            let values = [("firstname", "Anna"), ("lastname", "Nowak"), ("email", "anna@alfa.pl")];
            let anna = Rec::new(Side::Crm, Kind::Contact, "1002");
            making.person_makes(&anna, &values);
            making.seen(&anna, None, Some("rests"));
            making.joins(&anna, COMPANY);
            making.joins(&anna, &beta.id);
            making.leaves(&anna, COMPANY);
            let theirs = Rec::new(Side::Flowtly, Kind::Contact, "2");
            making.person_makes(&theirs, &[("name", "Anna Nowak"), ("email", "anna@alfa.pl")]);
            making.joins(&theirs, CLIENT);
            making.we_read(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Contact, "1003");
            making.we_create(&third, &values, Some(COMPANY));
            making.link(3, Some(1), &theirs, &third);
        }),
    ]
}

/// What happens while a pass is under way.
fn late() -> Vec<Trial> {
    vec![
        silent(I, "what_became_the_same_during_the_pass_comes_too_late", |making| {
            let beta = second(making, &[("name", "Beta"), ("country", "Poland"), ("vat_number", "PL5210000204")]);
            let gamma = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&gamma, &[("name", "Gamma"), ("country", "PL")]);
            making.we_read(Side::Crm);
            making.person_types(&beta, "name", "Gamma");
            making.person_types(&beta, "vat_number", "");
            making.we_list(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("country", "Poland")], None);
            making.link(3, None, &gamma, &third);
        }),
        silent(I, "a_number_that_the_source_got_during_the_pass_comes_too_late", |making| {
            making.rules("[rules.company.fields]\ntax_identity = { direction = \"off\" }\n");
            second(making, &[("name", "Beta"), ("country", "Poland"), ("vat_number", "PL5210000204")]);
            let gamma = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&gamma, &[("name", "Gamma"), ("country", "PL")]);
            making.pass_begins();
            making.we_list(Side::Flowtly);
            making.person_types(&gamma, "vatNumber", "PL5210000204");
            making.we_list(Side::Crm);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("country", "Poland")], None);
            making.link(3, None, &gamma, &third);
        }),
        silent(I, "what_was_another_firm_for_a_while_in_the_pass_may_have_been_read_then", |making| {
            let beta = second(making, &[("name", "Beta"), ("vat_number", "PL5210000204")]);
            making.pass_begins();
            making.we_list(Side::Flowtly);
            making.person_types(&beta, "vat_number", "PL5210000316");
            making.we_list(Side::Crm);
            making.person_types(&beta, "vat_number", "PL5210000204");
            making.we_list(Side::Crm);
            let gamma = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&gamma, &[("name", "Gamma"), ("vatNumber", "PL5210000204")]);
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("vat_number", "PL5210000204")], None);
            making.link(3, None, &gamma, &third);
        }),
        silent(I, "what_no_list_showed_was_not_there_for_us", |making| {
            making.we_read(Side::Crm);
            let gamma = Rec::new(Side::Flowtly, Kind::Company, "2");
            making.person_makes(&gamma, &[("name", "Gamma"), ("vatNumber", "PL5210000204")]);
            second(making, &[("name", "Beta"), ("vat_number", "PL5210000204")]);
            // Neither a record nor the list behind its id shows it.
            making.guard(&company());
            making.request_query(Side::Crm, "/crm/objects/2026-03/companies", "limit=2&after=5000000002");
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("vat_number", "PL5210000204")], None);
            making.link(3, None, &gamma, &third);
        }),
        told(I, "what_a_list_showed_in_time_was_there", "was there and is the same", |making| {
            making.we_read(Side::Crm);
            second(making, &[("name", "Beta"), ("vat_number", "PL5210000204")]);
            making.request_query(Side::Crm, "/crm/objects/2026-03/companies", "limit=2&after=5000000001");
            let third = Rec::new(Side::Crm, Kind::Company, "5000000003");
            making.we_create(&third, &[("name", "Gamma"), ("vat_number", "PL5210000204")], None);
        }),
    ]
}

/// A company that we create for a second client of the name and country of the first, which has no tax number.
fn namesake(making: &mut Making, id: &str, company: &str) -> Rec {
    let client = Rec::new(Side::Flowtly, Kind::Company, id);
    making.person_makes(&client, &[("name", "Alfa"), ("country", "PL")]);
    making.we_read(Side::Crm);
    let rec = Rec::new(Side::Crm, Kind::Company, company);
    let stamp = format!("org/{id}");
    making.we_create(&rec, &[("name", "Alfa"), ("country", "Poland"), ("flowtly_id", &stamp)], None);
    rec
}
