//! How `SQLite` carries the statements out that share work between records. A list of ids may be read from end to end;
//! a table never, or the cost of a pass would grow with the square of its records.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, SqlSafeStr as _};

use super::{Connection, MIGRATIONS, action, answer, link, match_key, seen, waiting};
use crate::domain::record::{Kind, Side};

async fn empty_state() -> Connection {
    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    MIGRATIONS.run(&mut connection).await.unwrap();
    connection
}

/// The steps of a statement, in order.
async fn steps(connection: &mut Connection, statement: AssertSqlSafe<String>) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {}", statement.into_sql_str().as_str());
    let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get(3)).collect()
}

fn text(statement: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(statement.to_owned())
}

/// The outer step reads the list, the inner one searches so.
fn list_and(search: &str) -> Vec<String> {
    vec!["SCAN wanted VIRTUAL TABLE INDEX 1:".to_owned(), search.to_owned()]
}

#[tokio::test]
async fn a_page_is_compared_by_one_search_of_the_index_for_each_id() {
    let mut state = empty_state().await;
    let known = steps(&mut state, text(seen::KNOWN)).await;
    assert_eq!(known, list_and("SEARCH seen USING INDEX seen_record (side=? AND kind=? AND remote_id=?)"));
}

#[tokio::test]
async fn records_and_links_are_found_by_searches() {
    let mut state = empty_state().await;
    let row = "SEARCH seen USING INTEGER PRIMARY KEY (rowid=?)";
    let cases = [
        (seen::select(seen::BY_REMOTE_ID), "SEARCH seen USING INDEX seen_record (side=? AND kind=? AND remote_id=?)"),
        (seen::select(seen::BY_ID), row),
        (seen::select(seen::BY_LINK), "SEARCH seen USING INDEX seen_half (link=?)"),
        (seen::select(seen::CHILDREN), "SEARCH seen USING INDEX seen_children (side=? AND parent_id=?)"),
        (match_key::by_key(), "SEARCH match_key USING PRIMARY KEY (key=? AND side=?)"),
        (text(seen::REMOTE_IDS), row),
        (link::select(link::BY_ID), "SEARCH link USING INTEGER PRIMARY KEY (rowid=?)"),
        (
            link::select(&link::of_remote_ids(Kind::Company, Side::Flowtly)),
            "SEARCH link USING INDEX link_flowtly (kind=? AND flowtly_id=?)",
        ),
        (
            link::select(&link::of_remote_ids(Kind::Company, Side::Crm)),
            "SEARCH link USING INDEX link_crm_company (crm_id=?)",
        ),
        (
            link::select(&link::of_remote_ids(Kind::Contact, Side::Crm)),
            "SEARCH link USING INDEX link_crm_contact (crm_id=?)",
        ),
    ];
    for (statement, search) in cases {
        let found = steps(&mut state, statement).await;
        assert_eq!(found[..2], list_and(search)[..], "{found:?}");
    }
}

#[tokio::test]
async fn records_are_moved_by_searches() {
    let mut state = empty_state().await;
    for statement in [seen::MOVE, seen::TOUCH, seen::VERDICTS] {
        let found = steps(&mut state, text(statement)).await;
        assert_eq!(
            found,
            ["SCAN row VIRTUAL TABLE INDEX 1:", "SEARCH seen USING INTEGER PRIMARY KEY (rowid=?)"],
            "{statement}"
        );
    }
}

#[tokio::test]
async fn what_is_there_is_counted_and_listed_from_the_index_alone() {
    let mut state = empty_state().await;
    let counted = steps(&mut state, text(seen::COUNT)).await;
    assert_eq!(counted, ["SEARCH seen USING COVERING INDEX seen_present (side=? AND kind=? AND standing=?)"]);
    let gone = steps(&mut state, text(seen::GONE)).await;
    assert_eq!(gone, ["SCAN seen USING COVERING INDEX seen_gone"]);
    let listed = steps(&mut state, text(seen::PRESENT)).await;
    let search = "SEARCH seen USING COVERING INDEX seen_present (side=? AND kind=? AND standing=? AND rowid>?)";
    assert!(listed.iter().any(|step| step == search), "{listed:?}");
    assert!(!listed.iter().any(|step| step.contains("TEMP B-TREE")), "{listed:?}");
}

#[tokio::test]
async fn canaries_are_the_first_rows_and_nothing_is_sorted() {
    let mut state = empty_state().await;
    let steps = steps(&mut state, link::select(link::CANARIES)).await;
    assert_eq!(steps[0], "SCAN link");
    assert!(steps.iter().any(|step| step.contains("USING INDEX seen_half (link=?)")), "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
}

#[tokio::test]
async fn what_waits_is_found_by_its_links_and_kept_by_lists_that_are_made_once() {
    let mut state = empty_state().await;
    let waiting = steps(&mut state, waiting::select(waiting::OF_LINKS)).await;
    assert!(waiting[1].starts_with("SEARCH conflict USING INDEX") && waiting[1].ends_with("(link=?)"), "{waiting:?}");
    for statement in [waiting::KEEP_CONFLICTS, waiting::KEEP_FAILURES] {
        let found = steps(&mut state, text(statement)).await;
        assert!(found[0].starts_with("SEARCH "), "{found:?}");
        assert!(!found.iter().any(|step| step.starts_with("CORRELATED")), "{found:?}");
    }
}

#[tokio::test]
async fn contacts_that_follow_a_new_link_are_found_by_their_company() {
    let mut state = empty_state().await;
    let steps = steps(&mut state, text(link::FOLLOWERS)).await;
    assert!(steps.iter().any(|step| step.contains("USING INDEX seen_children (side=? AND parent_id=?)")), "{steps:?}");
    assert!(!steps.iter().any(|step| step.starts_with("SCAN seen") || step.starts_with("SCAN link")), "{steps:?}");
}

#[tokio::test]
async fn what_is_gone_is_found_by_its_id() {
    let mut state = empty_state().await;
    let steps = steps(&mut state, text(seen::GONE_AMONG)).await;
    let search = "SEARCH seen USING INDEX seen_record (side=? AND kind=? AND remote_id=?)";
    assert!(steps.iter().any(|step| step == search), "{steps:?}");
}

#[tokio::test]
async fn answers_are_found_by_two_searches_for_each_record() {
    let mut state = empty_state().await;
    let steps = steps(&mut state, text(answer::ABOUT)).await;
    let of_answers: Vec<&String> = steps.iter().filter(|step| step.contains(" answer ")).collect();
    assert!(of_answers.len() == 2 && of_answers.iter().all(|step| step.starts_with("SEARCH answer ")), "{steps:?}");
}

#[tokio::test]
async fn what_a_pass_sent_is_read_from_the_end_of_the_journal() {
    let mut state = empty_state().await;
    let steps = steps(&mut state, text(action::TALLY)).await;
    assert!(steps.iter().any(|step| step == "SEARCH intent USING INTEGER PRIMARY KEY (rowid>?)"), "{steps:?}");
}
