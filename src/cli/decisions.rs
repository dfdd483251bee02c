//! The command line of what people decide: conflicts, questions, refusals, pairs.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::values::{RecordArg, parse_duration, parse_id, parse_kind, parse_record, parse_side};
use crate::domain::record::{Kind, RemoteId, Side};

/// `conflicts …`.
#[derive(Debug, Subcommand)]
pub enum ConflictsCommand {
    /// Decide conflicts; the next pass carries it out, if the values are still those that were shown
    Resolve {
        /// The conflicts' numbers, from the list
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<i64>,

        /// All conflicts that wait
        #[arg(long, conflicts_with = "ids")]
        all: bool,

        /// With --all: of this record only, KIND:SIDE:ID
        #[arg(long, requires = "all", conflicts_with = "ids", value_name = "RECORD", value_parser = parse_record)]
        record: Option<RecordArg>,

        /// With --all: of this field only, for instance `phone`
        #[arg(long, requires = "all", conflicts_with = "ids", value_name = "FIELD")]
        field: Option<String>,

        /// What shall hold.
        #[command(flatten)]
        choice: ResolveChoice,
    },
}

/// The value that shall hold: exactly one of the two.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ResolveChoice {
    /// The value of this side
    #[arg(long, value_name = "SIDE", value_parser = parse_side)]
    pub take: Option<Side>,

    /// This text, on both sides
    #[arg(long, value_name = "TEXT")]
    pub value: Option<String>,
}

/// `questions …`.
#[derive(Debug, Subcommand)]
pub enum QuestionsCommand {
    /// Answer a question; the next pass carries it out
    ///
    /// The answer binds to the records as they were when it was asked: if one moved since, it is asked again.
    Answer {
        /// The question's number, from the list
        #[arg(value_name = "ID")]
        id: i64,

        /// The answer.
        #[command(flatten)]
        choice: AnswerChoice,
    },
}

/// The answer: exactly one of these; the list says which of them a question takes.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct AnswerChoice {
    /// It is this one of the candidates
    #[arg(long, value_name = "CANDIDATE", value_parser = parse_id)]
    pub link: Option<RemoteId>,

    /// They are different things: not asked again while their names and keys stay; created where there is no counterpart
    #[arg(long)]
    pub separate: bool,

    /// It still is the same thing: name and key travel as the rules say
    #[arg(long)]
    pub same: bool,

    /// It is a second copy: left alone, neither matched nor created
    #[arg(long)]
    pub copy: bool,

    /// What was sent never arrived: decide afresh
    #[arg(long)]
    pub never_happened: bool,

    /// Ask again after this time, for instance 7d or 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub postpone: Option<Duration>,
}

/// `failures …`.
#[derive(Debug, Subcommand)]
pub enum FailuresCommand {
    /// Try again now instead of after the gap
    Retry {
        /// The numbers, from the list
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<i64>,

        /// Everything that was refused
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

/// `links …`.
#[derive(Debug, Subcommand)]
pub enum LinksCommand {
    /// Say that two records are the same company or contact
    Add {
        /// company or contact
        #[arg(value_name = "KIND", value_parser = parse_kind)]
        kind: Kind,

        /// The record's id in Flowtly
        #[arg(value_parser = parse_id)]
        flowtly_id: RemoteId,

        /// The record's id in the CRM
        #[arg(value_parser = parse_id)]
        crm_id: RemoteId,
    },

    /// Separate a pair: neither record is matched or created again until a person says so
    Remove {
        /// company or contact
        #[arg(value_name = "KIND", value_parser = parse_kind)]
        kind: Kind,

        /// The record's id in Flowtly
        #[arg(value_parser = parse_id)]
        flowtly_id: RemoteId,
    },
}
