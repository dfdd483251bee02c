//! What happens to who is who: merges, archive and restore, gone and back, moves, scope, numbers used again, lost state.

mod gone_and_back;
mod archived;
mod merged;
mod moved;
mod scope;
mod lost_state;
