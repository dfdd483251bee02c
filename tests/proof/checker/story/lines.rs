//! Lines that say in words what parts say: sent along with the parts, and no texts of their own.

use std::collections::BTreeSet;

use super::super::dialect::dialect;
use super::super::evidence::Evidence;
use super::super::normal::tokens;
use super::Story;

impl Story {
    /// A line that holds nothing but what was ever said in the parts, or typed into it, is no text of its own.
    pub(super) fn follow_lines(&mut self, evidence: &Evidence) {
        for number in 0..self.writes.len() {
            let write = &self.writes[number];
            let Some((line, parts)) = dialect(write.side, &evidence.rules.crm).line() else { continue };
            let Some((_, text)) = write.values.iter().find(|(path, _)| path == line) else { continue };
            let Some(rec) = &write.rec else { continue };
            let kin = self.kin(rec);
            let lives = kin.iter().filter(|kin| kin.side == rec.side).filter_map(|kin| self.lives.get(kin)).flatten();
            let events = lives.filter(|(path, _)| path.starts_with(parts)).flat_map(|(_, events)| events);
            let sent = write.values.iter().filter(|(path, _)| path.starts_with(parts) && path != line);
            let texts = events.map(|event| &event.text).chain(sent.map(|(_, text)| text));
            let said: BTreeSet<String> = texts.flat_map(|text| tokens(text)).collect();
            if tokens(text).is_subset(&said) {
                self.writes[number].values.retain(|(path, _)| path != line);
            }
        }
    }
}
