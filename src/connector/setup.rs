//! What `init` asks about a system: the settings without which it cannot be reached, in the order in which people have them at
//! hand. Plain data, one constant a system; what is said is read and judged by the configuration's own reader.

/// A setting that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The key, below the system's section.
    pub key: &'static str,
    /// The option of `init` that answers it, without hyphens in front.
    pub option: &'static str,
    /// What is asked, for people.
    pub prompt: &'static str,
    /// Where the answer is found, or what it is good for.
    pub help: &'static str,
    /// What sort of answer it wants.
    pub answer: Answer,
}

impl Question {
    /// The help without what an empty answer means, for where it means something else.
    pub fn help_without_empty(&self) -> &'static str {
        self.help.split("; empty:").next().unwrap_or(self.help)
    }
}

/// What sort of answer a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Where the system answers; what is proposed, unless every firm has its own.
    Url(Option<&'static str>),
    /// A text that must be there.
    Text,
    /// A text that may be left out.
    Optional,
    /// A secret that must be there, and the file that holds it: as the units name its credential.
    Secret(&'static str),
    /// A secret that may be left out.
    OptionalSecret(&'static str),
}

/// A scope that many firms want, written down as a proposal where the account has its property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The company property.
    pub path: &'static str,
    /// The test, as TOML.
    pub test: &'static str,
    /// What it comes to.
    pub why: &'static str,
}

/// What `init` knows of a CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// What is asked.
    pub questions: &'static [Question],
    /// Scopes that it proposes.
    pub scopes: &'static [Scope],
    /// How a property is made there that is missing.
    pub make: &'static str,
    /// Whether we could make it.
    pub adds: bool,
}

/// What is asked about Flowtly; behind the user comes its [`PASSWORD`], or a [`TOKEN`] where there is none.
pub const FLOWTLY: &[Question] = &[
    Question {
        key: "base_url",
        option: "flowtly-url",
        prompt: "Flowtly's URL",
        help: "where its API is; the older host had a path, https://app.flowtly.com/api",
        answer: Answer::Url(Some("https://api.flowtly.eu")),
    },
    Question {
        key: "username",
        option: "flowtly-username",
        prompt: "Flowtly's user",
        help: "the login, an e-mail address; empty: there is a token instead",
        answer: Answer::Optional,
    },
    Question {
        key: "organisation",
        option: "flowtly-organisation",
        prompt: "Flowtly's organisation",
        help: "its id, such as 1hkzxrub; empty: what Flowtly says itself",
        answer: Answer::Optional,
    },
    Question {
        key: "headers",
        option: "flowtly-header",
        prompt: "A header that selects the tenant",
        help: "NAME=VALUE, such as X-Instance=1hkzxrub; no secret; empty: none",
        answer: Answer::Optional,
    },
];

/// Flowtly's password, where there is a user.
pub const PASSWORD: Question = Question {
    key: "password",
    option: "flowtly-password-file",
    prompt: "Password of that user",
    help: "not shown while it is typed",
    answer: Answer::Secret("flowtly-password"),
};

/// Flowtly's token, where there is none.
pub const TOKEN: Question = Question {
    key: "token",
    option: "flowtly-token-file",
    prompt: "Flowtly's token",
    help: "not shown while it is typed",
    answer: Answer::Secret("flowtly-token"),
};

/// The question about a CRM's URL; what is proposed, and an example.
pub const fn url(proposed: Option<&'static str>, help: &'static str) -> Question {
    Question { key: "base_url", option: "crm-url", prompt: "The CRM's URL", help, answer: Answer::Url(proposed) }
}

/// The question about the secret that lets us into a CRM.
pub const fn secret(key: &'static str, prompt: &'static str, file: &'static str, help: &'static str) -> Question {
    Question { key, option: "crm-secret-file", prompt, help, answer: Answer::Secret(file) }
}
