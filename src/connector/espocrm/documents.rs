//! Documents of Flowtly as posts in the stream of their account: where people of EspoCRM look for what happened, and what a
//! role opens without the right to make records of a further type.
//!
//! A post's first line is the document's title, its last one our mark; a link stands between them.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use super::error::forbids;
use super::talk::{Order, Talk};
use super::wire::{self, Note, Stream};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Showing, Shown};
use crate::domain::record::RemoteId;

/// What stands before our mark.
const MARK: &str = "flowtly-document ";

/// The documents that carry our mark at a company; `None` where they are switched off. Of two posts with one mark the later
/// one counts: EspoCRM lets an author edit a post only for some days, after that it is posted anew.
pub(super) async fn shown(talk: &Talk, company: &RemoteId) -> Result<Option<Vec<Shown>>, PortError> {
    if !talk.settings.documents {
        return Ok(None);
    }
    let size = talk.settings.page_size;
    let mut latest: BTreeMap<String, Shown> = BTreeMap::new();
    let mut offset = 0_usize;
    loop {
        let query = [("maxSize", size), ("offset", offset)].map(|(name, number)| (name.to_owned(), number.to_string()));
        let query: Vec<(String, String)> =
            query.into_iter().chain([("filter".to_owned(), "posts".to_owned())]).collect();
        let reply = talk.get("/Account/{id}/stream", &["Account", company.as_str(), "stream"], &query).await;
        let page: Stream = wire::reply(&reply.map_err(may_read)?.body)?;
        let read = page.list.len();
        for note in page.list.into_iter().filter(|note| is_post_of(note, company)) {
            if let Some(showing) = note.post.as_deref().and_then(parse) {
                // The newest stand first; a page that shifts shows one of them twice.
                let shown = Shown { id: RemoteId::new(note.id), showing };
                latest.entry(shown.showing.mark.clone()).or_insert(shown);
            }
        }
        if read < size {
            return Ok(Some(latest.into_values().collect()));
        }
        offset = offset.saturating_add(read);
    }
}

/// Posts a document, or edits its post. A post that may not be edited any more is posted anew.
pub(super) async fn show(
    talk: &Talk,
    company: &RemoteId,
    id: Option<&RemoteId>,
    showing: &Showing,
) -> Result<Shown, PortError> {
    if !talk.settings.documents {
        return Err(PortError::new(ErrorKind::Setting, "documents are switched off: set documents = true"));
    }
    if let Some(id) = id {
        match edit(talk, id, showing).await {
            Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {}
            other => return other,
        }
    }
    let body = json!({
        "type": "Post",
        "parentType": "Account",
        "parentId": company.as_str(),
        "post": text(showing),
    });
    let order = Order { method: Method::POST, route: "/Note", path: &["Note"], body, header: None };
    let reply = talk.order(order).await.map_err(may_read)?;
    stored(&reply.body, showing)
}

async fn edit(talk: &Talk, id: &RemoteId, showing: &Showing) -> Result<Shown, PortError> {
    let order = Order {
        method: Method::PUT,
        route: "/Note/{id}",
        path: &["Note", id.as_str()],
        body: json!({"post": text(showing)}),
        header: None,
    };
    stored(&talk.order(order).await?.body, showing)
}

fn stored(body: &[u8], sent: &Showing) -> Result<Shown, PortError> {
    let note: Note = wire::reply(body)?;
    let showing = note.post.as_deref().and_then(parse).unwrap_or_else(|| sent.clone());
    Ok(Shown { id: RemoteId::new(note.id), showing })
}

fn may_read(error: PortError) -> PortError {
    if error.kind != ErrorKind::Forbidden {
        return error;
    }
    let message =
        format!("{}; for documents it needs stream access to accounts, too, or set documents = false", error.message);
    // A role may open the streams of some accounts alone.
    let kind = if forbids(&error) { ErrorKind::Invalid } else { error.kind };
    PortError { kind, message, ..error }
}

fn is_post_of(note: &Note, company: &RemoteId) -> bool {
    note.kind.as_deref() == Some("Post") && note.parent_id.as_deref().is_none_or(|parent| parent == company.as_str())
}

/// The post of a document. Line breaks within a title or a link would be other lines.
fn text(showing: &Showing) -> String {
    let mut lines = vec![one_line(&showing.title)];
    lines.extend(showing.link.as_deref().map(one_line));
    format!("{}\n\n{MARK}{}", lines.join("\n"), one_line(&showing.mark))
}

fn parse(post: &str) -> Option<Showing> {
    let lines: Vec<&str> = post.lines().collect();
    let (last, rest) = lines.split_last()?;
    let mark = several_lines(last.strip_prefix(MARK)?.trim_end());
    let (title, rest) = rest.split_first()?;
    let link = rest.iter().find(|line| !line.trim().is_empty()).map(|line| several_lines(line));
    Some(Showing { mark, title: several_lines(title), link })
}

fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\r', "\\r").replace('\n', "\\n")
}

fn several_lines(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_reads_back_as_it_was_shown() {
        for (title, link) in [
            ("Invoice 7/2026", Some("https://flowtly.example/d/7")),
            ("No link", None),
            ("Two\nlines \\n and \r more", Some("https://x.test/a\\b")),
            ("", None),
        ] {
            let showing =
                Showing { mark: "org/1/7".to_owned(), title: title.to_owned(), link: link.map(str::to_owned) };
            assert_eq!(parse(&text(&showing)), Some(showing));
        }
    }

    #[test]
    fn what_people_post_is_none_of_ours() {
        for post in ["", "Called them.", "flowtly-document org/1/7", "flowtly-document org/1/7\nsaid somebody"] {
            assert_eq!(parse(post), None, "{post}");
        }
    }
}
