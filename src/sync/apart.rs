//! Records are read by their ids in groups. A group that fails since the server stumbles over one of its records is taken apart:
//! that one must not hold up the others.

use std::slice::from_ref;

use chrono::TimeDelta;
use tracing::warn;

use super::World;
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::Lookup;
use crate::domain::record::{Kind, RemoteId, Side};

/// After how many records in a row that cannot be read is it the side that fails? Each is tried as often as any request, and a side
/// that is down is to be seen as down soon.
const UNREAD_IN_A_ROW: u32 = 3;

/// For how long does a record rest that cannot be read? Until the next beat, and none begins sooner; what is due at once would have
/// the next pass begin at once.
pub(crate) const UNREAD_GAP: TimeDelta = TimeDelta::minutes(1);

/// One answer for each id, in the order asked: an error where that record alone cannot be read. `in_a_row` goes from one call to the
/// next: how many could not be read since one last could. Fails where it is the side that does not answer.
pub(crate) async fn each(
    world: World<'_>,
    side: Side,
    kind: Kind,
    ids: &[RemoteId],
    in_a_row: &mut u32,
) -> Result<Vec<Result<Lookup, PortError>>, PortError> {
    let source = world.source(side);
    let error = match source.get(kind, ids).await {
        Ok(answers) => {
            *in_a_row = 0;
            return Ok(answers.into_iter().map(Ok).collect());
        }
        Err(error) if error.kind == ErrorKind::Unavailable => error,
        Err(error) => return Err(error),
    };
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        let answer = match ids {
            [_] => Err(error.clone()),
            [] | [_, ..] => source.get(kind, from_ref(id)).await,
        };
        match answer.and_then(|answers| answers.into_iter().next().ok_or_else(|| error.clone())) {
            Ok(answer) => {
                *in_a_row = 0;
                world.progress.looked();
                answers.push(Ok(answer));
            }
            Err(error) => {
                *in_a_row += 1;
                let is_about_it = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout);
                if !is_about_it || *in_a_row >= UNREAD_IN_A_ROW {
                    return Err(error);
                }
                let (id, side, kind) = (id.as_str(), side.as_str(), kind.as_str());
                warn!(record.id = id, side, kind, error.kind = ?error.kind, "this record cannot be read now: it is put off");
                answers.push(Err(error));
            }
        }
    }
    Ok(answers)
}
