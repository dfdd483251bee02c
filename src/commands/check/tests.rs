//! What `check` finds on sides that say what they are told to.

use std::collections::BTreeSet;

use crate::commands::testing::{FakeSide, Stage, json_listing, now, text_listing, told};
use crate::connector::port::{Account, Presence, PropertySort};
use crate::domain::field::Field;
use crate::store::mark;

use super::*;

fn sides<'a>(flowtly: &'a FakeSide, crm: &'a FakeSide) -> Sides<'a> {
    Sides { flowtly: Ok(flowtly), crm: Ok(crm) }
}

async fn checked(stage: &Stage, sides: Sides<'_>, mode: Mode) -> (u8, String) {
    let mut out = Vec::new();
    let code = check(&stage.settings, sides, mode, &stage.clock, &mut text_listing(&mut out)).await.unwrap();
    let text = told(out).replace(&stage.settings.state_path.display().to_string(), "STATE");
    // How much room a machine has is its own affair.
    (code, text.split_inclusive('\n').filter(|line| !line.contains("MiB are free")).collect())
}

fn both(stage: &Stage) -> (FakeSide, FakeSide) {
    (FakeSide::well(&stage.settings, Side::Flowtly), FakeSide::well(&stage.settings, Side::Crm))
}

#[tokio::test]
async fn all_is_well() {
    let stage = Stage::new();
    let (flowtly, crm) = both(&stage);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(
        text,
        "\
ok    configuration  read, and without problems
ok    state          there is none at STATE yet; the first pass makes it
ok    Flowtly        Fake answers as account firm
ok    Flowtly        company: 24 mapped properties, nothing amiss
ok    Flowtly        contact: 6 mapped properties, nothing amiss
ok    CRM            Fake answers as account firm
ok    CRM            company: 7 mapped properties, nothing amiss
ok    CRM            contact: 5 mapped properties, nothing amiss
"
    );
    assert_eq!(code, 0);
    assert!(!stage.settings.state_path.exists(), "looking makes no state");
}

#[tokio::test]
async fn a_wrong_credential_is_told_once_with_the_mend_and_nothing_else_is_asked() {
    let stage = Stage::new();
    let (mut flowtly, crm) = both(&stage);
    flowtly.probe = Err(PortError::new(ErrorKind::Unauthorized, "the token is refused (401)"));
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Fix).await;
    assert_eq!(code, 1);
    let of_flowtly: Vec<&str> = text.lines().skip_while(|line| !line.contains("Flowtly")).take(2).collect();
    assert_eq!(
        of_flowtly,
        [
            "FAIL  Flowtly        Fake: the token is refused (401)",
            "                     the credential is refused: set flowtly.username and flowtly.password_file anew, or \
             flowtly.token_file",
        ]
    );
    assert_eq!(text.matches("Flowtly   ").count(), 1, "{text}");
    assert_eq!(*flowtly.asked.lock().unwrap(), 1);
    assert!(
        text.contains("ok    CRM            contact: 5 mapped properties"),
        "the other side is looked at all the same"
    );
}

#[tokio::test]
async fn a_credential_that_is_refused_later_is_told_once_too() {
    let stage = Stage::new();
    let (flowtly, mut crm) = both(&stage);
    crm.refuses_properties = Some(PortError::new(ErrorKind::Unauthorized, "expired"));
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    assert_eq!(text.matches("expired").count(), 1, "{text}");
    assert_eq!(*crm.asked.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_side_that_cannot_be_set_up_is_told_and_the_other_is_looked_at() {
    let stage = Stage::new();
    let (flowtly, _) = both(&stage);
    let error = PortError::new(ErrorKind::Setting, "the token is empty");
    let (code, text) = checked(&stage, Sides { flowtly: Ok(&flowtly), crm: Err(&error) }, Mode::Fix).await;
    assert_eq!(code, 1);
    assert!(text.ends_with("FAIL  CRM            cannot be set up: the token is empty\n"), "{text}");
}

#[tokio::test]
async fn another_account_and_a_wrong_clock_are_told() {
    let stage = Stage::new();
    {
        let (mut store, _lock) = stage.open().await;
        mark::set_account(store.connection(), Side::Crm, "146").await.unwrap();
    }
    let (mut flowtly, mut crm) = both(&stage);
    flowtly.probe = Ok(Account { id: None, server_time: Some(now() + chrono::TimeDelta::minutes(7)) });
    crm.probe = Ok(Account { id: Some("147".to_owned()), server_time: Some(now() - chrono::TimeDelta::minutes(5)) });
    crm.change(Kind::Company, "vat_number", |property| property.presence = Presence::Missing);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Fix).await;
    assert_eq!(code, 1);
    assert!(!text.contains("added: "), "to an account that is not ours: {text}");
    assert!(text.contains("ok    state          STATE can be read\n"), "{text}");
    assert!(text.contains("warn  Flowtly        its clock is 7 minutes ahead of this machine's\n"), "{text}");
    assert!(text.contains("does not say which account it is"), "{text}");
    assert!(
        text.contains("FAIL  CRM            Fake answers as account 147, but the state belongs to account 146\n"),
        "{text}"
    );
    assert_eq!(text.matches("clock is").count(), 1, "five minutes are still well: {text}");
}

#[tokio::test]
async fn a_state_in_use_names_its_holder_and_is_no_failure() {
    let stage = Stage::new();
    let (store, _lock) = stage.open().await;
    let (flowtly, crm) = both(&stage);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 0);
    assert!(text.contains(&format!("ok    state          in use by process {};", std::process::id())), "{text}");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_state_fails() {
    let stage = Stage::new();
    std::fs::write(&stage.settings.state_path, "this is no database, and long enough to be read as a header of one")
        .unwrap();
    let (flowtly, crm) = both(&stage);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    assert!(text.contains("FAIL  state          the state STATE is damaged"), "{text}");
}

#[tokio::test]
async fn missing_unseen_and_read_only_properties_are_told_with_their_mends() {
    let stage = Stage::with("[scope.crm.company]\nlifecyclestage = [\"customer\"]\n");
    let (flowtly, crm) = both(&stage);
    flowtly.change(Kind::Company, "dueDays", |property| property.presence = Presence::Unseen);
    flowtly.change(Kind::Contact, "title", |property| property.presence = Presence::Missing);
    // Mapped as read-only, so that nothing writes it.
    flowtly.change(Kind::Company, "costGroup", |property| property.writable = Some(false));
    crm.change(Kind::Company, "vat_number", |property| {
        (property.presence, property.addable) = (Presence::Missing, true);
    });
    crm.change(Kind::Company, "lifecyclestage", |property| property.presence = Presence::Missing);
    crm.change(Kind::Contact, "jobtitle", |property| property.writable = Some(false));
    crm.properties
        .lock()
        .unwrap()
        .get_mut(&Kind::Company)
        .unwrap()
        .push(crate::commands::testing::property("flowtly_id", Presence::Missing));
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok")).collect();
    assert_eq!(
        told,
        [
            "warn  Flowtly        company: no record shows the property dueDays, and the system does not say whether there is one",
            "                     look at its name; it may only be empty everywhere, or there may be no record yet",
            "FAIL  Flowtly        contact: the property title (title) is missing: its field is left alone",
            "                     map another one, or none: `title = false` under [mapping.flowtly.contact]",
            "FAIL  CRM            company: the property vat_number (tax_identity.number) is missing: its field is left alone",
            "                     `flowtly-sync check --fix` adds it; or map another one, or none: `tax_identity = false` under [mapping.company]",
            "FAIL  CRM            company: the property lifecyclestage of the scope is missing: nothing is in scope",
            "                     correct [scope.crm.company]",
            "FAIL  CRM            company: the property flowtly_id, which holds the Flowtly id, is missing",
            "                     add it in the CRM; or set id_property to another name, or to \"\" to do without",
            "FAIL  CRM            contact: the rule of title writes jobtitle, which cannot be written",
            "                     set `direction = \"to-flowtly\"` under [rules.contact.fields.title], or map it as read_only",
        ]
    );
}

#[tokio::test]
async fn a_property_that_no_rule_writes_need_not_be_writable() {
    let stage = Stage::with("[rules.contact.fields.title]\ndirection = \"to-flowtly\"\n");
    let (flowtly, crm) = both(&stage);
    crm.change(Kind::Contact, "jobtitle", |property| property.writable = Some(false));
    assert_eq!(checked(&stage, sides(&flowtly, &crm), Mode::Look).await.0, 0);
}

#[tokio::test]
async fn fix_adds_what_the_crm_lacks_and_then_all_is_well() {
    let stage = Stage::new();
    let (flowtly, crm) = both(&stage);
    crm.change(Kind::Company, "vat_number", |property| property.presence = Presence::Missing);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Fix).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("added: CRM company property vat_number\nok    configuration"), "{text}");
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Fix).await;
    assert_eq!((code, text.contains("added")), (0, false));
}

#[tokio::test]
async fn a_required_value_that_nothing_supplies_is_proposed_from_what_is_most_used() {
    let required = BTreeSet::from([Field::Name, Field::Status, Field::TaxIdentity, Field::Currency, Field::Country]);
    let flowtly_that_demands = |stage: &Stage| {
        let mut flowtly = FakeSide::well(&stage.settings, Side::Flowtly);
        flowtly.capabilities.kinds.get_mut(&Kind::Company).unwrap().manners.required = required.clone();
        flowtly.change(Kind::Company, "status", |property| {
            property.choices = vec!["act\"ive".to_owned(), "lead".to_owned()];
        });
        flowtly.change(Kind::Company, "tinType", |property| property.choices = vec!["nip".to_owned()]);
        flowtly
    };
    let stage = Stage::new();
    let (flowtly, crm) = (flowtly_that_demands(&stage), FakeSide::well(&stage.settings, Side::Crm));
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 0, "a warning: other records are still created");
    let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok")).collect();
    assert_eq!(
        told,
        [
            "warn  Flowtly        company: Flowtly demands currency, and nothing supplies it: such records are not created",
            "                     set a default under [flowtly.defaults.company], or map a property of the other side to it",
            "warn  Flowtly        company: Flowtly demands status, and nothing supplies it: such records are not created",
            "                     the most used value is a likely default: `status = 'act\"ive'` under \
             [flowtly.defaults.company] (there are also lead)",
            "warn  Flowtly        company: Flowtly demands tax_identity.tin_type, and nothing supplies it: such records are not created",
            "                     the most used value is a likely default: `tax_identity = { tin_type = \"nip\" }` under \
             [flowtly.defaults.company]",
        ]
    );
    let supplied =
        "[flowtly.defaults.company]\nstatus = 'act\"ive'\ntax_identity = { tin_type = \"nip\" }\ncurrency = \"PLN\"\n";
    for more in [supplied, "[rules.company]\ncreate_in_flowtly = false\n"] {
        let stage = Stage::with(more);
        let (flowtly, crm) = (flowtly_that_demands(&stage), FakeSide::well(&stage.settings, Side::Crm));
        let (_, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
        assert!(!text.contains("warn"), "{text}");
    }
}

#[tokio::test]
async fn findings_for_programs_have_the_same() {
    let stage = Stage::new();
    let (flowtly, crm) = both(&stage);
    crm.change(Kind::Company, "vat_number", |property| property.presence = Presence::Missing);
    let mut out = Vec::new();
    let listing = &mut json_listing(&mut out);
    let code = check(&stage.settings, sides(&flowtly, &crm), Mode::Look, &stage.clock, listing).await.unwrap();
    let read: serde_json::Value = serde_json::from_str(&told(out)).unwrap();
    assert_eq!((code, &read["ok"]), (1, &serde_json::Value::Bool(false)));
    let failing: Vec<_> =
        read["findings"].as_array().unwrap().iter().filter(|finding| finding["health"] == "failure").collect();
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0]["area"], "CRM");
}

#[tokio::test]
async fn the_configuration_is_shown_without_secrets() {
    let stage = Stage::new();
    let mut out = Vec::new();
    assert_eq!(show_config(&stage.settings, &mut out).unwrap(), 0);
    let text = told(out);
    assert!(text.contains("token = \"***\"") && text.contains("[schedule]"), "{text}");
}

const DECLARED: &str = "\
[custom.company.segment]
type = \"choice\"
flowtly = \"attributes.segment\"
crm = \"industry_segment\"
values = { \"A\" = \"gold\", \"B\" = \"silver\" }
[custom.company.since]
type = \"date\"
flowtly = \"attributes.since\"
crm = \"customer_since\"
[custom.company.owner]
type = \"relation\"
flowtly = { path = \"owner\", look_up = \"/employees\", label = \"email\" }
crm = \"owner_email\"
";

#[tokio::test]
async fn declared_fields_are_well_where_the_systems_have_what_they_say() {
    let stage = Stage::with(DECLARED);
    let (flowtly, crm) = both(&stage);
    flowtly.change(Kind::Company, "owner", |property| property.looked_up = Some(true));
    crm.change(Kind::Company, "industry_segment", |property| {
        property.sort = Some(PropertySort::Choice);
        property.choices = vec!["A".to_owned(), "B".to_owned()];
        property.closed = true;
    });
    crm.change(Kind::Company, "customer_since", |property| property.sort = Some(PropertySort::Date));
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!((code, text.contains("warn")), (0, false), "{text}");
    let silent: Vec<&str> = text.lines().filter(|line| line.contains("not told there")).collect();
    let of_flowtly = "attributes.segment (segment), attributes.since (since), owner (owner)";
    assert!(silent.len() == 2 && silent[0].contains("Flowtly") && silent[1].contains("CRM"), "{text}");
    let listed = |line: &str| line.rsplit_once(": ").unwrap().1.split(", ").map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(listed(silent[0]), listed(&format!(": {of_flowtly}")));
    assert_eq!(listed(silent[1]), listed(": owner_email (owner)"));
}

#[tokio::test]
async fn what_is_wrong_with_a_declared_field_is_told_with_the_mend() {
    let stage = Stage::with(DECLARED);
    let (flowtly, crm) = both(&stage);
    flowtly.change(Kind::Company, "attributes.segment", |property| property.writable = Some(false));
    flowtly.change(Kind::Company, "attributes.since", |property| property.presence = Presence::Missing);
    flowtly.change(Kind::Company, "owner", |property| property.looked_up = Some(false));
    crm.change(Kind::Company, "industry_segment", |property| {
        property.choices = ["A", "C"].map(str::to_owned).to_vec();
        property.closed = true;
    });
    crm.change(Kind::Company, "customer_since", |property| {
        property.sort = Some(PropertySort::Number);
        property.type_name = Some("number".to_owned());
    });
    crm.change(Kind::Company, "owner_email", |property| property.presence = Presence::Missing);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("ok")).collect();
    assert_eq!(
        told,
        [
            "FAIL  Flowtly        company: owner (owner) cannot be looked up: /employees is not shown, or shows no email",
            "                     correct `look_up` and `label` under [custom.company.owner]; until then its field is left alone",
            "FAIL  Flowtly        company: the rule of segment writes attributes.segment, which cannot be written",
            "                     set `direction = \"to-crm\"` under [custom.company.segment], or map it as read_only",
            "FAIL  Flowtly        company: the property attributes.since (since) is missing: its field is left alone",
            "                     name another one under [custom.company.since], or remove that table",
            "FAIL  CRM            company: the property owner_email (owner) is missing: its field is left alone",
            "                     add it in the CRM; or name another one under [custom.company.owner], or remove that table",
            "FAIL  CRM            company: industry_segment (segment) has no choice `B`",
            "                     its choices are `A`, `C`: correct `values` under [custom.company.segment]",
            "warn  CRM            company: industry_segment (segment) has choices that no table translates: `C`",
            "                     add them to `values` under [custom.company.segment]; until then they travel as they are",
            "FAIL  CRM            company: customer_since (since) holds numbers there (number), and is mapped as a date",
            "                     set another `type` under [custom.company.since], or name another property",
        ]
    );
}

#[tokio::test]
async fn a_system_that_looks_nothing_up_says_so() {
    let stage = Stage::with(DECLARED);
    let (flowtly, crm) = both(&stage);
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    assert!(text.contains("owner (owner) cannot be looked up: nothing is looked up in this system"), "{text}");
}

#[tokio::test]
async fn a_canonical_field_on_a_property_of_another_sort_is_told_too() {
    let stage = Stage::with(
        "[mapping.company]\ndue_days = \"terms\"\nstatus = { whole = \"stage\", values = { x = \"active\" } }\n",
    );
    let (flowtly, crm) = both(&stage);
    crm.change(Kind::Company, "terms", |property| property.sort = Some(PropertySort::Date));
    crm.change(Kind::Company, "phone", |property| property.sort = Some(PropertySort::Number));
    crm.change(Kind::Company, "stage", |property| {
        property.choices = vec!["y".to_owned()];
        property.closed = true;
    });
    let (code, text) = checked(&stage, sides(&flowtly, &crm), Mode::Look).await;
    assert_eq!(code, 1);
    for wanted in [
        "FAIL  CRM            company: terms (due_days) holds dates there, and is mapped as a number",
        "warn  CRM            company: phone (phone) holds numbers there: another spelling",
        "FAIL  CRM            company: stage (status) has no choice `x`",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}
