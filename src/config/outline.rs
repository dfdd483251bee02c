//! What a look from outside needs of a configuration: where its state is, when its passes run, and what is wrong with it. No
//! secret is read for it.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::layers::Layers;
use super::load::{documents, find_file, read, refused, state_path, unread, usual_file};
use super::problem::Problems;
use super::reader::Reader;
use super::schedule::{self, ScheduleSection};
use super::{NoticesSection, backup, notices};
use crate::daemon::backups::Plan;

/// A configuration as it is seen from outside.
#[derive(Debug, Clone)]
pub struct Outline {
    /// The file of the state; where the configuration does not say it rightly, the one of the defaults.
    pub state_path: PathBuf,
    /// When passes run.
    pub schedule: ScheduleSection,
    /// Which copies of the state are kept; `None` for none.
    pub backup: Option<Plan>,
    /// Whether documents are shown in the CRM.
    pub documents: bool,
    /// Everything that is wrong, as far as that is seen without the files of secrets.
    pub problems: Option<Problems>,
}

/// Looks at a configuration file. `environment` is that of its service.
pub fn outline(path: &Path, environment: &Environment) -> Option<Outline> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let mend = "put a readable file there, and look as a user who may read it (root)".to_owned();
            return of_defaults(environment, unread(path, &error, mend));
        }
    };
    let mut problems = Vec::new();
    let Some(layers) = Layers::gather(Some((path, &text)), environment, &mut problems) else {
        return of_defaults(environment, Problems::of(problems)?);
    };
    let mut reader = Reader::new(&layers, environment, problems);
    reader.is_sealed = true;
    let (schedule, documents) = (schedule::read(&mut reader), documents(&mut reader).is_some());
    let state_path = state_path(&mut reader);
    let backup = backup::read(&mut reader, &state_path);
    // For what is wrong; without its secrets it comes to nothing.
    let _ = read(&mut reader);
    Some(Outline { state_path, schedule, backup, documents, problems: Problems::of(reader.into_problems()) })
}

/// Judges the named file, else the one that would be found, as far as that is possible without the files of secrets.
pub fn judge(named: Option<&Path>, environment: &Environment) -> Result<(), Problems> {
    let path = named.map(Path::to_owned).or_else(|| find_file(environment)).unwrap_or_else(|| usual_file(environment));
    let Some(outline) = outline(&path, environment) else { return Err(refused(Vec::new())) };
    outline.problems.map_or(Ok(()), Err)
}

/// Whom a configuration has told that something needs a person, as far as it says so, however wrong the rest of it is; and where its
/// state is, beside which it is remembered what they were told.
pub fn who_is_told(named: Option<&Path>, environment: &Environment) -> Option<(NoticesSection, PathBuf)> {
    let path = named.map(Path::to_owned).or_else(|| find_file(environment))?;
    let text = std::fs::read_to_string(&path).ok()?;
    let mut problems = Vec::new();
    let layers = Layers::gather(Some((&path, &text)), environment, &mut problems)?;
    let mut reader = Reader::new(&layers, environment, problems);
    let zone = schedule::read(&mut reader).zone;
    Some((notices::read(&mut reader, &zone), state_path(&mut reader)))
}

/// `None` only where the compiled-in defaults are wrong.
fn of_defaults(environment: &Environment, problems: Problems) -> Option<Outline> {
    let layers = Layers::gather(None, environment, &mut Vec::new())?;
    let mut reader = Reader::new(&layers, environment, Vec::new());
    let (schedule, documents) = (schedule::read(&mut reader), documents(&mut reader).is_some());
    Some(Outline { state_path: state_path(&mut reader), schedule, backup: None, documents, problems: Some(problems) })
}
