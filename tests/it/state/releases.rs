//! States of other releases.

use flowtly_sync::store::lock::WriterLock;
use flowtly_sync::store::{Store, StoreError};
use sqlx::Connection as _;

use super::bench::{number, raw};
use crate::firm::{Firm, vat};

pub(super) async fn change(firm: &Firm, statements: &[&'static str]) {
    let mut connection = raw(firm).await;
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

pub(super) async fn refused(firm: &Firm) -> StoreError {
    Store::open(&WriterLock::take(&firm.state()).unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn a_state_of_a_newer_release_is_refused_and_not_touched() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    change(
        &firm,
        &["INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
           VALUES (9999, 'from the future', 1, x'00', 1)"],
    )
    .await;
    let before = std::fs::read(firm.state()).unwrap();
    let error = refused(&firm).await;
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
    assert!(error.to_string().contains("install that release"), "{error}");
    assert!(Store::open_read_only(&firm.state()).await.is_err());
    assert_eq!(std::fs::read(firm.state()).unwrap(), before);
    change(&firm, &["DELETE FROM _sqlx_migrations WHERE version = 9999"]).await;
    firm.assert_settled().await;
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_the_state_as_it_was() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    // As the first release left it, and something stands in the way of the second statement of the second migration.
    change(
        &firm,
        &[
            "DROP INDEX seen_present",
            "DROP INDEX link_standing",
            "DELETE FROM _sqlx_migrations WHERE version = 2",
            "CREATE INDEX link_standing ON link (id)",
        ],
    )
    .await;
    let error = refused(&firm).await;
    let told = error.to_string();
    assert!(matches!(error, StoreError::Migration { .. }), "{error:?}");
    assert!(told.contains("as it was") && told.contains("link_standing"), "{told}");
    let left = "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'seen_present') \
                + (SELECT count(*) FROM _sqlx_migrations WHERE version = 2)";
    assert_eq!(number(&firm, left).await, 0, "nothing of it is left");
    assert_eq!(number(&firm, "SELECT count(*) FROM link").await, 1);
    change(&firm, &["DROP INDEX link_standing"]).await;
    firm.assert_settled().await;
    assert_eq!(number(&firm, left).await, 2);
}

#[tokio::test]
async fn a_migration_that_is_not_the_one_that_was_run_is_told() {
    let firm = Firm::new();
    firm.linked("Alfa", &vat(1)).await;
    change(&firm, &["UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1"]).await;
    let error = refused(&firm).await;
    assert!(matches!(error, StoreError::Migration { .. }), "{error:?}");
    assert!(error.to_string().contains("run the release that made it"), "{error}");
}
