//! Documents as notes at an organization: a title, a link and our mark, as people see them.
//!
//! Notes are HTML, and Pipedrive takes out of it what it does not trust; so the mark is a text of its own, and what comes back is
//! read by its texts and links and not by its tags.

use std::collections::HashSet;

use http::Method;
use serde_json::json;

use super::read;
use super::settings::Lane;
use super::talk::{Talk, circle, endpoint_must_exist};
use super::wire::{self, Note};
use crate::connector::error::{ErrorKind, PortError};
use crate::connector::port::{Showing, Shown};
use crate::domain::record::RemoteId;

/// Notes that one page is asked for.
const PAGE: usize = 100;

/// Before our mark.
const MARK_BEGINS: &str = "[flowtly ";

/// Behind our mark.
const MARK_ENDS: char = ']';

/// The notes with our mark at a company.
pub(super) async fn shown(talk: &Talk, company: &RemoteId) -> Result<Vec<Shown>, PortError> {
    let mut found = Vec::new();
    let mut start = "0".to_owned();
    let mut used = HashSet::new();
    loop {
        let mut url = talk.at.path(&talk.settings.notes_path, None);
        url.query_pairs_mut()
            .append_pair("org_id", company.as_str())
            .append_pair("sort", "id ASC")
            .append_pair("limit", &PAGE.to_string())
            .append_pair("start", &start);
        let reply = talk.get("/api/v1/notes", url, Lane::Notes).await.map_err(endpoint_must_exist)?;
        let reply = wire::perhaps::<Vec<Note>>(&reply.body)?;
        let notes = reply.data.unwrap_or_default().into_iter().filter(|note| note.active_flag != Some(false));
        found.extend(notes.filter_map(|note| {
            let showing = parse(note.content.as_deref()?)?;
            Some(Shown { id: RemoteId::new(note.id.to_string()), showing })
        }));
        let Some(next) = reply.next else { return Ok(found) };
        if !used.insert(next.clone()) {
            return Err(circle());
        }
        start = next;
    }
}

/// Shows a document: anew, or in the place of what is shown.
pub(super) async fn show(
    talk: &Talk,
    company: &RemoteId,
    id: Option<&RemoteId>,
    showing: &Showing,
) -> Result<Shown, PortError> {
    let content = html(showing);
    let url = talk.at.path(&talk.settings.notes_path, id.map(RemoteId::as_str));
    let reply = if id.is_some() {
        let body = json!({"content": content});
        talk.order(Method::PUT, "/api/v1/notes/{id}", url, &body, Lane::Extra).await?
    } else {
        let body = json!({"content": content, "org_id": read::number(company)?});
        talk.order(Method::POST, "/api/v1/notes", url, &body, Lane::Extra).await?
    };
    let note = wire::reply::<Note>(&reply.body)?.data;
    let shown = note.content.as_deref().and_then(parse).ok_or_else(|| {
        PortError::new(ErrorKind::Protocol, "Pipedrive took the note, but does not show what was written into it")
    })?;
    Ok(Shown { id: RemoteId::new(note.id.to_string()), showing: shown })
}

fn html(showing: &Showing) -> String {
    let link = showing.link.as_ref().map(|link| {
        let link = escaped(link);
        format!("<p><a href=\"{link}\">{link}</a></p>")
    });
    format!(
        "<p><b>{}</b></p>{}<p>{MARK_BEGINS}{}{MARK_ENDS}</p>",
        escaped(&showing.title),
        link.unwrap_or_default(),
        escaped(&showing.mark)
    )
}

/// What a note says; `None` where it has no mark of ours.
fn parse(html: &str) -> Option<Showing> {
    let text = texts(html);
    let (before, behind) = text.rsplit_once(MARK_BEGINS)?;
    let (mark, _) = behind.split_once(MARK_ENDS)?;
    let title = before.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Some(Showing { mark: mark.trim().to_owned(), title: title.to_owned(), link: link(html) })
}

/// The texts of a piece of HTML, a line for each tag.
fn texts(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, tail)) = rest.split_once('<') {
        out.push_str(text);
        out.push('\n');
        rest = tail.split_once('>').map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    unescaped(&out)
}

fn link(html: &str) -> Option<String> {
    let (_, behind) = html.split_once("href=")?;
    let quote = behind.chars().next().filter(|quote| *quote == '"' || *quote == '\'')?;
    let (link, _) = behind.get(1..)?.split_once(quote)?;
    Some(unescaped(link)).filter(|link| !link.is_empty())
}

fn escaped(text: &str) -> String {
    // A line break in a title would be two lines when it is read back.
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&nbsp;", " ")];
    let text = entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter));
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn showing(title: &str, link: Option<&str>) -> Showing {
        Showing { mark: "org/17/doc-3".into(), title: title.into(), link: link.map(str::to_owned) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for showing in [
            showing("Umowa <ramowa> & \"aneks\" [2]", Some("https://app.example.com/d?a=1&b=\"2\"")),
            showing("Łódź", None),
            showing("&lt; is an entity", None),
        ] {
            assert_eq!(parse(&html(&showing)), Some(showing));
        }
    }

    #[test]
    fn a_note_is_read_whatever_tags_stand_in_it() {
        let kept = "<div><strong>Offer</strong><br /><a target=\"_blank\" href='https://x.example/1' rel=\"noopener\">open</a>\
                    <br>[flowtly org/1/2] thanks</div>";
        let read = parse(kept).unwrap();
        assert_eq!((read.title.as_str(), read.mark.as_str()), ("Offer", "org/1/2"));
        assert_eq!(read.link.as_deref(), Some("https://x.example/1"));
        assert_eq!(parse("<p>Called them, flowtly is fine</p>"), None);
        assert_eq!(parse("<p>[flowtly org/1"), None);
    }
}
