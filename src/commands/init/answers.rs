//! What was answered, and the configuration that it comes to so far. No file, no system, no person.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;
use toml::Value;

use crate::config::{Key, Problem, Settings, load_draft};
use crate::connector::registry::CrmSystem;
use crate::connector::setup::{Answer, FLOWTLY, PASSWORD, Question, TOKEN};
use crate::domain::record::Side;

/// What stands in the place of an answer that is not given yet, so that the others can be judged. It is sent to nobody.
const NOT_YET: &str = "not-answered-yet";

/// The same of a URL; nobody can have it (RFC 6761).
const NOWHERE: &str = "https://not-answered-yet.invalid";

/// The key of the headers that are sent to Flowtly.
pub(super) const HEADERS: &str = "headers";

/// The key of Flowtly's user.
pub(super) const USER: &str = "username";

/// A secret, and the file that holds it or is going to.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) text: SecretString,
    /// As the configuration names it.
    pub(super) file: String,
    /// It stands there already.
    pub(super) is_there: bool,
}

/// Everything that was answered.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) crm: &'static CrmSystem,
    /// An empty text is the answer that there is none.
    pub(super) settings: BTreeMap<Key, Value>,
    pub(super) secrets: BTreeMap<Key, Held>,
    answered: BTreeSet<Key>,
}

impl Answers {
    pub(super) fn new(crm: &'static CrmSystem) -> Self {
        let (settings, secrets, answered) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { crm, settings, secrets, answered }
    }

    /// The key that a question answers.
    pub(super) fn key(&self, side: Side, question: &Question) -> Key {
        self.section(side).child(question.key)
    }

    /// The table of a side.
    pub(super) fn section(&self, side: Side) -> Key {
        match side {
            Side::Flowtly => Key::of("flowtly"),
            Side::Crm => Key::of(self.crm.name),
        }
    }

    /// What is asked about a side: of Flowtly a password where there is a user, else a token.
    pub(super) fn questions(&self, side: Side) -> Vec<Question> {
        match side {
            Side::Flowtly => {
                let secret = if self.has_user() { PASSWORD } else { TOKEN };
                let behind = |question: &Question| (question.key == USER).then_some(secret);
                FLOWTLY.iter().flat_map(|question| [Some(*question), behind(question)]).flatten().collect()
            }
            Side::Crm => self.crm.setup.questions.to_vec(),
        }
    }

    /// The first question about a side that has no answer yet.
    pub(super) fn next(&self, side: Side) -> Option<Question> {
        self.questions(side).into_iter().find(|question| !self.answered.contains(&self.key(side, question)))
    }

    /// Takes a text; an empty one says that there is none.
    pub(super) fn say(&mut self, side: Side, question: &Question, text: &str) {
        let key = self.key(side, question);
        self.settings.insert(key.clone(), Value::String(text.to_owned()));
        self.answered.insert(key);
    }

    /// Takes headers in the place of the ones before.
    pub(super) fn say_headers(&mut self, headers: &[(String, String)]) {
        let table = self.section(Side::Flowtly).child(HEADERS);
        self.settings.retain(|key, _| !key.parts().starts_with(table.parts()));
        for (name, value) in headers {
            self.settings.insert(table.child(name), Value::String(value.clone()));
        }
        self.answered.insert(table);
    }

    /// The headers, as somebody would write them in an answer.
    pub(super) fn headers(&self) -> Option<String> {
        let table = self.section(Side::Flowtly).child(HEADERS);
        let headers = self.settings.iter().filter(|(key, _)| key.parts().starts_with(table.parts()));
        let headers: Vec<String> =
            headers.filter_map(|(key, value)| Some(format!("{}={}", key.parts().last()?, value.as_str()?))).collect();
        (!headers.is_empty()).then(|| headers.join("; "))
    }

    /// Takes a secret; `None` says that there is none.
    pub(super) fn hold(&mut self, side: Side, question: &Question, held: Option<Held>) {
        let key = self.key(side, question);
        match held {
            Some(held) => self.secrets.insert(key.clone(), held),
            None => self.secrets.remove(&key),
        };
        self.answered.insert(key);
    }

    /// Asks again; what was answered is proposed then.
    pub(super) fn ask_again(&mut self, side: Side, question: &Question) {
        let key = self.key(side, question);
        self.answered.remove(&key);
    }

    /// The text that was answered, unless it was none.
    pub(super) fn text(&self, key: &Key) -> Option<&str> {
        self.settings.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// What the answers come to, with something in the place of those that are missing.
    pub(super) fn draft(&self, path: &Path) -> Result<Settings, Vec<Problem>> {
        let mut settings: Vec<(Key, Value)> = vec![(Key::of("crm.kind"), Value::String(self.crm.name.to_owned()))];
        settings.extend(self.settings.iter().map(|(key, value)| (key.clone(), value.clone())));
        let mut secrets: Vec<(Key, SecretString)> =
            self.secrets.iter().map(|(key, held)| (key.clone(), held.text.clone())).collect();
        for side in Side::BOTH {
            for question in self.questions(side) {
                let key = self.key(side, &question);
                match question.answer {
                    Answer::Url(None) if self.text(&key).is_none() => {
                        settings.retain(|(known, _)| *known != key);
                        settings.push((key, Value::String(NOWHERE.to_owned())));
                    }
                    Answer::Secret(_) if !self.secrets.contains_key(&key) => secrets.push((key, NOT_YET.into())),
                    Answer::Url(_)
                    | Answer::Text
                    | Answer::Optional
                    | Answer::Secret(_)
                    | Answer::OptionalSecret(_) => {}
                }
            }
        }
        // Whichever of the two is not asked for must not be there.
        let unwanted = Key::of("flowtly").child(if self.has_user() { TOKEN.key } else { PASSWORD.key });
        secrets.retain(|(key, _)| *key != unwanted);
        load_draft(path, &settings, &secrets).map_err(|problems| problems.iter().cloned().collect())
    }

    /// What is wrong with an answer, as it is told to whoever gave it.
    pub(super) fn wrong(&self, path: &Path, key: &Key) -> Option<String> {
        let problems = self.draft(path).err()?;
        let about = problems.into_iter().find(|problem| is_about(problem, key))?;
        Some(format!("{}; {}", about.message, about.mend))
    }

    fn has_user(&self) -> bool {
        self.text(&Key::of("flowtly.username")).is_some()
    }
}

/// Whether a problem is about a key, or something below it, or the file of a secret.
pub(super) fn is_about(problem: &Problem, key: &Key) -> bool {
    let file = Key::of(&format!("{key}_file"));
    problem.key.parts().starts_with(key.parts()) || problem.key == file
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::connector::registry::SYSTEMS;

    fn path() -> &'static Path {
        Path::new("flowtly-sync.toml")
    }

    fn held(text: &str) -> Held {
        Held { text: text.into(), file: "file".to_owned(), is_there: false }
    }

    fn question(answers: &Answers, side: Side, key: &str) -> Question {
        answers.questions(side).into_iter().find(|question| question.key == key).unwrap()
    }

    #[test]
    fn answers_can_be_judged_from_the_first_one_on() {
        for system in SYSTEMS {
            let answers = Answers::new(system);
            assert!(answers.draft(path()).is_ok(), "{}: {:?}", system.name, answers.draft(path()).err());
        }
    }

    #[rstest]
    #[case(Side::Flowtly, "base_url", "http://flowtly.example", Some("would not be encrypted; use https"))]
    #[case(Side::Flowtly, "base_url", "flowtly", Some("this is not a URL; write it as"))]
    #[case(Side::Flowtly, "base_url", "https://flowtly.example/api", None)]
    #[case(Side::Crm, "base_url", "https://user:pass@crm.example", Some("a credential stands in the URL"))]
    #[case(Side::Crm, "base_url", "http://127.0.0.1:8069", None)]
    #[case(Side::Flowtly, "username", "sync@example.com", None)]
    fn an_answer_is_judged_by_the_configuration_s_own_reader(
        #[case] side: Side,
        #[case] key: &str,
        #[case] text: &str,
        #[case] wrong: Option<&str>,
    ) {
        for system in SYSTEMS {
            let mut answers = Answers::new(system);
            let question = question(&answers, side, key);
            answers.say(side, &question, text);
            let told = answers.wrong(path(), &answers.key(side, &question));
            assert_eq!(told.is_some(), wrong.is_some(), "{told:?}");
            assert!(told.unwrap_or_default().contains(wrong.unwrap_or_default()));
        }
    }

    #[test]
    fn a_user_has_a_password_and_nobody_a_token() {
        let mut answers = Answers::new(&SYSTEMS[0]);
        let last = |answers: &Answers| answers.questions(Side::Flowtly)[2].key;
        assert_eq!(last(&answers), "token");
        let username = question(&answers, Side::Flowtly, "username");
        let token = question(&answers, Side::Flowtly, "token");
        answers.hold(Side::Flowtly, &token, Some(held("token")));
        answers.say(Side::Flowtly, &username, "sync@example.com");
        assert_eq!(last(&answers), "password");
        assert!(answers.draft(path()).is_ok(), "a token that was given before does not stand in the way");
        answers.say(Side::Flowtly, &username, "");
        assert_eq!(last(&answers), "token");
        assert!(answers.draft(path()).is_ok());
    }

    #[test]
    fn what_is_asked_again_keeps_its_answer_as_a_proposal() {
        let mut answers = Answers::new(&SYSTEMS[0]);
        let url = question(&answers, Side::Crm, "base_url");
        assert_eq!(answers.next(Side::Crm), Some(url));
        answers.say(Side::Crm, &url, "https://crm.example");
        assert_eq!(answers.next(Side::Crm).map(|next| next.key), Some("token"));
        answers.ask_again(Side::Crm, &url);
        assert_eq!(answers.next(Side::Crm), Some(url));
        assert_eq!(answers.text(&answers.key(Side::Crm, &url)), Some("https://crm.example"));
    }

    #[test]
    fn headers_are_taken_as_a_whole_and_a_wrong_one_is_told() {
        let mut answers = Answers::new(&SYSTEMS[0]);
        let key = Key::of("flowtly.headers");
        answers.say_headers(&[("not a name".to_owned(), "x".to_owned())]);
        assert!(answers.wrong(path(), &key).unwrap().contains("this is no name of a header"));
        answers.say_headers(&[("X-Instance".to_owned(), "1hkzxrub".to_owned())]);
        assert_eq!(answers.wrong(path(), &key), None);
        let settings = answers.draft(path()).unwrap();
        assert_eq!(settings.flowtly.headers["x-instance"].expose_secret(), "1hkzxrub");
    }

    #[test]
    fn no_secret_is_shown_by_debug() {
        let mut answers = Answers::new(&SYSTEMS[0]);
        let token = question(&answers, Side::Crm, "token");
        answers.hold(Side::Crm, &token, Some(held("pat-hunter2")));
        assert!(!format!("{answers:?}").contains("hunter2"));
    }
}
