//! Whether the documents of a company can be read: in Flowtly its own, in the CRM what shows them.

use super::side::mend;
use super::{failure, ok};
use crate::connector::error::PortError;
use crate::connector::port::{Extent, Source, Step};
use crate::domain::record::{Kind, RemoteId, Side};
use crate::render::lists::check::Finding;
use crate::render::words::count;

/// Tries it at the first company that the side lists; says nothing where there is none. Whether the CRM lets documents be
/// shown anew is seen by the first one: nothing is written here.
pub(super) async fn try_one(side: Side, source: &dyn Source) -> Option<Finding> {
    let area = side.to_string();
    let company = match first_company(source).await {
        Ok(company) => company?,
        Err(error) => {
            let message = format!("documents: no company can be read to try it at: {error}");
            return Some(failure(&area, message, mend(side, error.kind)));
        }
    };
    let read = match side {
        Side::Flowtly => source.documents(&company).await.map(|found| found.map(|documents| documents.len())),
        Side::Crm => source.shown(&company).await.map(|found| found.map(|shown| shown.len())),
    };
    Some(match read {
        Ok(Some(number)) => {
            ok(&area, format!("documents can be read: company {company} has {}", count(number as u64, "document")))
        }
        Ok(None) => failure(
            &area,
            format!("documents: {} has none to read at company {company}", source.capabilities().system),
            Some(match side {
                Side::Flowtly => "set flowtly.documents_path as your Flowtly has it, or documents = false".to_owned(),
                Side::Crm => "set documents = false".to_owned(),
            }),
        ),
        Err(error) => {
            failure(&area, format!("documents of company {company} cannot be read: {error}"), mend(side, error.kind))
        }
    })
}

async fn first_company(source: &dyn Source) -> Result<Option<RemoteId>, PortError> {
    let mut walk = source.walk(Kind::Company, Extent::Complete).await?;
    loop {
        match walk.next().await? {
            Step::Page(rows) => {
                if let Some(row) = rows.into_iter().next() {
                    return Ok(Some(row.id));
                }
            }
            Step::End(_) => return Ok(None),
        }
    }
}
