//! The command line of `init`: every question of the conversation has an option. A secret is never one: options name files.

use std::path::PathBuf;

use clap::Args;

use super::values::{parse_default, parse_header, system_parser};
use crate::connector::registry::CrmSystem;
use crate::domain::record::Kind;

pub(super) const INIT_EXITS: &str = "\
A secret that no option names is taken from its variable (FLOWTLY_SYNC__FLOWTLY__PASSWORD, …) or from the file that is there
already (flowtly-password, hubspot-token, …: in $CREDENTIALS_DIRECTORY where that is set, else beside the configuration).

Exit codes:
  0  the configuration is written, and `check` finds nothing that does not work
  1  a system does not answer, a file cannot be written, or `check` finds something that does not work
  4  an answer is missing or wrong";

/// What is answered beforehand.
#[derive(Debug, Clone, Default, Args)]
pub struct InitArgs {
    /// The file to be written; else where every command looks for it (see --config)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replace the file, which is kept beside it as ….before-init-TIME, and secrets that stand where new ones are written
    #[arg(long)]
    pub force: bool,

    /// Ask nothing, and take what is proposed where no option says otherwise
    #[arg(short, long)]
    pub yes: bool,

    /// Ask nothing; what is proposed is written down and not taken. As where there is no terminal
    #[arg(long, conflicts_with = "yes")]
    pub no_input: bool,

    /// Write what was answered though no system was asked about it: for one that cannot be reached from here
    #[arg(long, conflicts_with = "add_missing")]
    pub unchecked: bool,

    /// Add the properties to the CRM that it lacks: the tax number's, and the one that holds Flowtly's id (of --id-property)
    #[arg(long)]
    pub add_missing: bool,

    /// Which CRM
    #[arg(long, value_name = "NAME", value_parser = system_parser())]
    pub crm: Option<&'static CrmSystem>,

    /// Where Flowtly's API is
    #[arg(long, value_name = "URL")]
    pub flowtly_url: Option<String>,

    /// The organisation's id in Flowtly; "" takes what Flowtly says itself
    #[arg(long, value_name = "ID")]
    pub flowtly_organisation: Option<String>,

    /// A header of every request to Flowtly, for instance one that selects the tenant; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_header)]
    pub flowtly_header: Vec<(String, String)>,

    /// The user that logs in to Flowtly
    #[arg(long, value_name = "USER", conflicts_with = "flowtly_token_file")]
    pub flowtly_username: Option<String>,

    /// A file that holds that user's password
    #[arg(long, value_name = "FILE", conflicts_with = "flowtly_token_file")]
    pub flowtly_password_file: Option<PathBuf>,

    /// A file that holds a token of Flowtly, instead of user and password
    #[arg(long, value_name = "FILE")]
    pub flowtly_token_file: Option<PathBuf>,

    /// Where the CRM answers
    #[arg(long, value_name = "URL")]
    pub crm_url: Option<String>,

    /// The database, where the CRM wants one (Odoo)
    #[arg(long, value_name = "NAME")]
    pub crm_database: Option<String>,

    /// The login of the key's user, where the CRM wants one (Odoo)
    #[arg(long, value_name = "USER")]
    pub crm_login: Option<String>,

    /// A file that holds the CRM's token or API key
    #[arg(long, value_name = "FILE")]
    pub crm_secret_file: Option<PathBuf>,

    /// A file that holds the secret by which requests are signed (EspoCRM, HMAC)
    #[arg(long, value_name = "FILE")]
    pub crm_signing_secret_file: Option<PathBuf>,

    /// The CRM's company property that holds the tax number; "" for none
    #[arg(long, value_name = "PROPERTY")]
    pub tax_property: Option<String>,

    /// The CRM's company property that holds Flowtly's id; "" for none
    #[arg(long, value_name = "PROPERTY")]
    pub id_property: Option<String>,

    /// The country in which telephone numbers without a country code are dialled, such as PL; "" for none
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<String>,

    /// What a record created in Flowtly is given where the CRM has nothing: company.status=active; may be repeated
    #[arg(long = "default", value_name = "KIND.FIELD=TEXT", value_parser = parse_default)]
    pub defaults: Vec<(Kind, String, String)>,
}
