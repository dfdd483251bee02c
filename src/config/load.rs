//! From a file and an environment to [`Settings`], or to everything that is wrong with them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::custom::Custom;
use super::environment::Environment;
use super::key::Key;
use super::layers::Layers;
use super::problem::{Place, Problem, Problems};
use super::reader::Reader;
use super::settings::{Mapped, Settings};
use super::{backup, custom, flowtly, log, mapping, notices, rules, schedule, show, web};
use crate::connector::http::HttpSettings;
use crate::connector::registry::SYSTEMS;
use crate::connector::retry::RetrySettings;
use crate::domain::record::{Kind, RemoteId, Side};
use crate::domain::safety::{Limit, Limits};
use crate::domain::value::Locale;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The file that holds where none is named: `config.toml` in `$CONFIGURATION_DIRECTORY`, or, where that is not set, `flowtly-sync.toml`
/// in the current directory; if it is there.
pub fn find_file(environment: &Environment) -> Option<PathBuf> {
    candidates(environment).find(|path| path.is_file())
}

/// The file that is looked for first, whether it is there or not: where a new one belongs.
pub fn usual_file(environment: &Environment) -> PathBuf {
    candidates(environment).next().unwrap_or_default()
}

fn candidates(environment: &Environment) -> impl Iterator<Item = PathBuf> {
    let of_service = environment.configuration_directory().map(|directory| directory.join("config.toml"));
    std::iter::once(of_service.unwrap_or_else(|| PathBuf::from("flowtly-sync.toml")))
}

/// Reads the named file, else the one that [`find_file`] finds, else only defaults and variables.
pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Settings, Problems> {
    let Some(path) = named.map(Path::to_owned).or_else(|| find_file(environment)) else {
        return load_text(None, environment).map_err(|problems| problems.after(nowhere(environment)));
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => load_text(Some((&path, &text)), environment),
        Err(error) => {
            Err(unread(&path, &error, "name a readable file with --config or FLOWTLY_SYNC_CONFIG".to_owned()))
        }
    }
}

/// That no file is where one is looked for: what lacks then is said in none.
fn nowhere(environment: &Environment) -> Problem {
    Problem {
        place: Place::File { path: usual_file(environment), position: None },
        key: Key::ROOT,
        message: "there is no configuration file".to_owned(),
        mend: "make one with `flowtly-sync init`, name one with --config, or set CONFIGURATION_DIRECTORY to the folder of a service's"
            .to_owned(),
    }
}

/// A file that cannot be read.
pub(super) fn unread(path: &Path, error: &std::io::Error, mend: String) -> Problems {
    Problems::one(Problem {
        place: Place::File { path: path.to_owned(), position: None },
        key: Key::ROOT,
        message: format!("the configuration cannot be read: {error}"),
        mend,
    })
}

/// As [`load`], with the file's text given.
pub(super) fn load_text(file: Option<(&Path, &str)>, environment: &Environment) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let Some(layers) = Layers::gather(file, environment, &mut problems) else { return Err(refused(problems)) };
    let mut reader = Reader::new(&layers, environment, problems);
    let parts = read(&mut reader);
    let files = layers.file().map(Path::to_owned).into_iter().chain(std::mem::take(&mut reader.files)).collect();
    let problems = reader.into_problems();
    match parts {
        Some(parts) if problems.is_empty() => {
            Ok(Settings { shown: show::show(layers, &parts.state_path), files, ..parts })
        }
        Some(_) | None => Err(refused(problems)),
    }
}

/// What one reading function takes out of a file's text and some variables, the prefix of their names left out; or everything
/// that is told.
#[cfg(test)]
pub(crate) fn read_text<T>(
    text: &str,
    variables: &[(&str, &str)],
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, Vec<String>> {
    let environment: Environment =
        variables.iter().map(|(name, value)| (format!("{}{name}", super::environment::PREFIX), *value)).collect();
    let told = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut problems = Vec::new();
    let file = Some((Path::new("sync.toml"), text));
    let Some(layers) = Layers::gather(file, &environment, &mut problems) else { return Err(told(problems)) };
    let mut reader = Reader::new(&layers, &environment, problems);
    let part = read(&mut reader);
    let problems = told(reader.into_problems());
    part.filter(|_| problems.is_empty()).ok_or(problems)
}

/// A part is only missing where a problem was noted, so that there is always one to tell.
pub(super) fn refused(problems: Vec<Problem>) -> Problems {
    Problems::of(problems).unwrap_or_else(|| {
        Problems::one(Problem {
            place: Place::Defaults,
            key: Key::ROOT,
            message: "the configuration is not complete".to_owned(),
            mend: "report this: the compiled-in defaults are wrong".to_owned(),
        })
    })
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Settings> {
    let kinds: Vec<(&str, ())> = SYSTEMS.iter().map(|system| (system.name, ())).collect();
    reader.choice(&Key::of("crm.kind"), &kinds, ());
    let documents = documents(reader);
    let state_path = state_path(reader);
    let control_socket = control_socket(reader, &state_path);
    let schedule = schedule::read(reader);
    let backup = backup::read(reader, &state_path);
    let notices = notices::read(reader, &schedule.zone);
    let log = log::read(reader);
    let traces = log::traces(reader);
    let limits = Limits {
        creates: limit(reader, "limits.creates"),
        updates: limit(reader, "limits.updates"),
        blanked: limit(reader, "limits.blanked"),
        links: limit(reader, "limits.links"),
        conflicts: limit(reader, "limits.conflicts"),
        pauses: limit(reader, "limits.pauses"),
        documents: limit(reader, "limits.documents"),
        shrink: limit(reader, "limits.shrink"),
    };
    let canaries = reader.texts(&Key::of("limits.canaries")).into_iter().map(RemoteId::new).collect();
    let http = http(reader);
    let web = web::read(reader);
    if web.as_ref().is_some_and(|web| web.stuck_after <= http.longest()) {
        let message = format!("one request with its tries may take {}", super::duration::format(http.longest()));
        let mend = "make it longer than http.retry_max_elapsed and http.timeout together";
        reader.refuse(&Key::of("web.stuck_after"), message, mend);
    }
    let declared = Kind::BOTH.map(|kind| custom::read(reader, kind));
    let locale = locale(reader, &declared);
    let flowtly = flowtly::read(reader);
    let crm = (reader.layers.system().read)(reader);
    if let Some(web) = &web
        && web.public_url.is_none()
        && crm.as_ref().and_then(|crm| crm.webhook()).is_some_and(|webhook| webhook.signs_url())
    {
        let mend = "set it to the URL under which the CRM reaches this server, such as \"https://sync.example.com\"";
        reader.refuse(&Key::of("web.public_url"), "the webhooks of this CRM are signed together with it", mend);
    }
    let [of_companies, of_contacts] = &declared;
    let id_property = crm.as_ref().and_then(|crm| crm.id_property());
    let company = mapped(reader, Kind::Company, id_property, of_companies);
    let contact = mapped(reader, Kind::Contact, None, of_contacts);
    Some(Settings {
        state_path,
        control_socket,
        schedule,
        backup,
        log,
        traces,
        limits,
        canaries,
        documents,
        web,
        notices,
        http,
        flowtly: flowtly?,
        crm: crm?,
        company,
        contact,
        locale,
        shown: String::new(),
        files: Vec::new(),
    })
}

pub(super) fn documents(reader: &mut Reader<'_>) -> Option<usize> {
    let shows = reader.switch(&Key::of("documents"));
    let at_once = usize::try_from(reader.count("documents_at_once", 1..=16)).unwrap_or(1);
    shows.then_some(at_once)
}

pub(super) fn state_path(reader: &mut Reader<'_>) -> PathBuf {
    let path = reader.text_where("state.path", "the path of a file", |path| !path.is_empty());
    reader.environment.state_directory().unwrap_or_default().join(path)
}

/// Command and daemon must come to the same path, whatever their environments are: it depends on nothing but the state's.
fn control_socket(reader: &mut Reader<'_>, state: &Path) -> PathBuf {
    if let Some(path) = reader.optional("control.socket") {
        return state.with_file_name("").join(path);
    }
    let mut name = state.file_name().unwrap_or_default().to_os_string();
    name.push(".control");
    state.with_file_name(name)
}

fn limit(reader: &mut Reader<'_>, dotted: &str) -> Limit {
    Limit {
        count: reader.count(&format!("{dotted}.count"), 0..=1_000_000_000),
        share: reader.share(&format!("{dotted}.share"), 0.0..=1.0),
    }
}

fn http(reader: &mut Reader<'_>) -> HttpSettings {
    let retry = RetrySettings {
        initial: reader.duration("http.retry_initial", Duration::from_millis(10)..=HOUR),
        max_interval: reader.duration("http.retry_max_interval", Duration::from_millis(10)..=HOUR),
        max_elapsed: reader.duration("http.retry_max_elapsed", Duration::from_millis(10)..=DAY),
        max_tries: u32::try_from(reader.count("http.retry_max_tries", 1..=100)).unwrap_or(1),
    };
    if retry.max_interval < retry.initial {
        let mend = "make http.retry_max_interval at least http.retry_initial";
        reader.refuse(&Key::of("http.retry_max_interval"), "the longest wait is shorter than the first", mend);
    }
    HttpSettings {
        timeout: reader.duration("http.timeout", SECOND..=Duration::from_mins(10)),
        body_limit: usize::try_from(reader.count("http.body_limit", 65_536..=1_073_741_824)).unwrap_or(usize::MAX),
        retry,
    }
}

fn locale(reader: &mut Reader<'_>, declared: &[Vec<Custom>]) -> Locale {
    let wanted = "two letters of ISO 3166-1 such as \"PL\", or empty";
    let region = reader.text_where("locale.region", wanted, |text| {
        text.is_empty() || text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic())
    });
    Locale {
        region: Some(region.to_uppercase()).filter(|region| !region.is_empty()),
        customs: declared.iter().flatten().map(|custom| (custom.field, custom.sort)).collect(),
    }
}

fn mapped(reader: &mut Reader<'_>, kind: Kind, id_property: Option<&str>, customs: &[Custom]) -> Mapped {
    let flowtly = mapping::read(reader, Side::Flowtly, kind, None, customs);
    let crm = mapping::read(reader, Side::Crm, kind, id_property, customs);
    let rules = rules::read(reader, kind, &flowtly, &crm, customs);
    Mapped { flowtly, crm, rules }
}
