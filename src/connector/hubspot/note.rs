//! A note's text: how a document is worded, and how it is read back. HubSpot keeps a note as HTML, cleans it, and lets people
//! edit it: only our mark is relied on.

use crate::connector::port::Showing;

/// What stands before our mark in a note.
const MARK: &str = "flowtly-document:";

/// What is said of the mark, for whoever wonders.
const LABEL: &str = "Document in Flowtly, kept here by flowtly-sync";

/// What begins a line of a note.
const LINES: [&str; 3] = ["<p", "<div", "<br"];

/// A note of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) mark: String,
    pub(super) title: String,
    pub(super) link: Option<String>,
}

/// The text of a note that shows a document.
pub(super) fn render(showing: &Showing) -> String {
    let title = escaped(&showing.title);
    let head = match &showing.link {
        Some(link) => format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener\">{title}</a>", escaped(link)),
        None => title,
    };
    format!("<p>{head}</p><p>{LABEL} ({MARK}{})</p>", escaped(&showing.mark))
}

/// Reads a note; `None` if it does not carry our mark. The title is what stands in the last line before the mark's own.
pub(super) fn parse(body: &str) -> Option<Note> {
    let (head, mark, _) = split(body)?;
    let (mut before, mut line) = (head, head);
    while let Some(start) = LINES.iter().filter_map(|start| before.rfind(start)).max() {
        (before, line) = before.split_at_checked(start)?;
        // The first one, from behind, is the mark's own.
        if before.len() + line.len() < head.len() && !plain(line).is_empty() {
            break;
        }
        line = before;
    }
    Some(Note { mark: mark.to_owned(), title: plain(line), link: first_link(line) })
}

/// The text of a note that shows a document in other words than before. Whatever people wrote around ours stays.
pub(super) fn rewritten(body: &str, showing: &Showing) -> String {
    let ours = render(showing);
    let Some(before) = parse(body) else {
        return format!("{ours}{body}");
    };
    let before = Showing { mark: before.mark, title: before.title, link: before.link };
    let rendered = render(&before);
    if body.contains(&rendered) {
        return body.replacen(&rendered, &ours, 1);
    }
    let Some((head, _, tail)) = split(body) else { return ours };
    // HubSpot worded it in its own way, and nobody wrote before it.
    if plain(head) == plain(&format!("{} {LABEL} ({MARK}", escaped(&before.title))) {
        let rest = tail.strip_prefix(')').unwrap_or(tail).trim_start();
        let rest = rest.strip_prefix("</p>").unwrap_or(rest);
        return format!("{ours}{rest}");
    }
    // People wrote into ours: all of it stays below the new words, and only the mark is ours again.
    format!("{ours}{}{tail}", head.strip_suffix(MARK).unwrap_or(head))
}

/// What stands before the mark's own text (its name included), the mark, and what stands behind it.
fn split(body: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = body.split_at_checked(body.find(MARK)? + MARK.len())?;
    let end = rest.find(|sign: char| !is_of_mark(sign)).unwrap_or(rest.len());
    let (mark, tail) = rest.split_at_checked(end)?;
    (!mark.is_empty()).then_some((head, mark, tail))
}

/// Marks are percent-encoded and hold nothing that HTML would need to escape.
const fn is_of_mark(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, '-' | '.' | '_' | '~' | '%' | '/')
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(sign),
        }
    }
    html
}

/// The text of some HTML in one line: without tags, and with its entities as what they stand for.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut in_tag = false;
    for sign in html.chars() {
        match sign {
            '<' => {
                in_tag = true;
                text.push(' ');
            }
            '>' if in_tag => in_tag = false,
            _ if !in_tag => text.push(sign),
            _ => {}
        }
    }
    unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        if let Some((sign, behind)) = entity.and_then(|(name, behind)| Some((sign_of(name)?, behind))) {
            text.push(sign);
            rest = behind;
        } else {
            text.push('&');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

fn sign_of(entity: &str) -> Option<char> {
    let number = entity.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    });
    match (entity, number) {
        (_, Some(number)) => number.ok().and_then(char::from_u32),
        ("amp", None) => Some('&'),
        ("lt", None) => Some('<'),
        ("gt", None) => Some('>'),
        ("quot", None) => Some('"'),
        ("apos", None) => Some('\''),
        ("nbsp", None) => Some(' '),
        (_, None) => None,
    }
}

fn first_link(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("href=")?;
    let quote = rest.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
    let (link, _) = rest.get(1..)?.split_once(quote)?;
    Some(unescaped(link)).filter(|link| !link.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn showing(title: &str, link: Option<&str>) -> Showing {
        Showing { mark: "1hkzxrub/6/a%20b".to_owned(), title: title.to_owned(), link: link.map(str::to_owned) }
    }

    #[rstest]
    #[case::plain("Offer 2026.pdf", Some("https://app.flowtly.eu/d/3"))]
    #[case::without_a_link("Offer 2026.pdf", None)]
    #[case::html_in_the_name("<script>\"A&B\"</script> 'x' &amp;", Some("https://a.b/?c=1&d=%3C'"))]
    #[case::another_alphabet("Umowa łódzka (wersja 2) \u{1f4c4}", Some("https://a.b/ł"))]
    fn what_is_written_is_read_back(#[case] title: &str, #[case] link: Option<&str>) {
        let showing = showing(title, link);
        let body = render(&showing);
        assert!(!body.contains("<script"), "{body}");
        let note = parse(&body).unwrap();
        assert_eq!((note.mark, note.title, note.link), (showing.mark, showing.title, showing.link));
    }

    #[rstest]
    #[case::wrapped(
        "<div dir=\"auto\"><p><a href='https://a.b/3'>Offer</a></p><p>x (flowtly-document:1/6/3)</p></div>"
    )]
    #[case::in_lines("<a href=\"https://a.b/3\" class=\"l\">Offer</a><br>Kept (flowtly-document:1/6/3)")]
    #[case::with_more("<p><a href=\"https://a.b/3\">Offer</a></p><p>(flowtly-document:1/6/3)</p><p>call them</p>")]
    fn a_note_that_was_worded_otherwise_is_known_by_its_mark(#[case] body: &str) {
        let note = parse(body).unwrap();
        assert_eq!((note.mark.as_str(), note.title.as_str()), ("1/6/3", "Offer"));
        assert_eq!(note.link.as_deref(), Some("https://a.b/3"));
    }

    #[rstest]
    #[case::of_a_person("<p>call them about flowtly</p>")]
    #[case::empty("")]
    #[case::without_a_mark("flowtly-document:")]
    #[case::with_a_broken_one("flowtly-document: <b>")]
    fn a_note_without_our_mark_is_somebody_else_s(#[case] body: &str) {
        assert_eq!(parse(body), None);
    }

    #[test]
    fn a_rename_leaves_what_people_wrote() {
        let (before, after) = (showing("Offer", Some("https://a.b/3")), showing("Offer 2", None));
        let around = |ours: &str| format!("<p>first</p>{ours}<p>last</p>");
        assert_eq!(rewritten(&render(&before), &after), render(&after));
        assert_eq!(parse(&rewritten(&around(&render(&before)), &after)).unwrap().mark, after.mark);
        assert!(rewritten(&around(&render(&before)), &after).starts_with("<p>first</p>"));
        assert!(rewritten(&around(&render(&before)), &after).ends_with("<p>last</p>"));
    }

    #[test]
    fn a_rename_of_what_hubspot_worded_leaves_one_note_in_it() {
        let after = showing("Offer 2", None);
        let cleaned =
            render(&showing("Offer", Some("https://a.b/3"))).replace(" target=\"_blank\" rel=\"noopener\"", "");
        let body = rewritten(&format!("{cleaned}<p>last</p>"), &after);
        assert_eq!(body, format!("{}<p>last</p>", render(&after)));
    }

    #[test]
    fn a_rename_of_what_people_rewrote_keeps_their_words_and_one_mark() {
        let after = showing("Offer 2", None);
        let body = rewritten("<p>Our own words</p><p>about it (flowtly-document:1/6/3), call</p>", &after);
        assert!(body.starts_with(&render(&after)), "{body}");
        assert!(body.contains("Our own words") && body.contains("call"), "{body}");
        assert_eq!(body.matches("flowtly-document:").count(), 1, "{body}");
        assert!(rewritten("<p>no mark</p>", &after).ends_with("<p>no mark</p>"));
    }
}
