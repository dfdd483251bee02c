//! The configuration file: the input is a whole file, through the real loader.

use flowtly_sync::config::Environment;
use flowtly_sync::domain::record::{Kind, Side};

use super::script::load_text;

const SECRETS: [&str; 2] = ["flowtly-t0ken", "hubspot-t0ken"];

pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // A secret's file may be any file, for instance one without an end: that is the user's own doing.
    if text.contains("_file") {
        return;
    }
    let environment: Environment =
        [("FLOWTLY_SYNC__FLOWTLY__TOKEN", SECRETS[0]), ("FLOWTLY_SYNC__HUBSPOT__TOKEN", SECRETS[1])]
            .into_iter()
            .collect();
    match load_text(text, &environment) {
        Ok(settings) => {
            for side in Side::BOTH {
                for kind in Kind::BOTH {
                    let shape = settings.shape(side, kind);
                    for field in shape.fields() {
                        assert!(shape.field_key(field).is_some());
                        assert!(shape.parts(field).iter().all(|part| field.parts().contains(part)));
                    }
                }
            }
            let told = format!("{settings:?}\n{}", settings.show());
            assert!(SECRETS.iter().all(|secret| !told.contains(secret)), "a secret is shown");
            assert_eq!(settings.show(), load_text(text, &environment).expect("it was right before").show());
        }
        Err(problems) => {
            assert!(problems.iter().count() > 0, "what is refused has a reason");
            for problem in problems.iter() {
                assert!(!problem.message.is_empty() && !problem.mend.is_empty(), "{problem}");
                assert!(SECRETS.iter().all(|secret| !problem.to_string().contains(secret)), "a secret is told");
            }
        }
    }
}
