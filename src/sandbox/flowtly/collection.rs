//! Pages of a list: which rows, and the envelope around them.

use url::form_urlencoded;

use super::errors::Refusal;
use super::negotiate::Format;
use super::options::Totals;
use super::render::Pen;
use super::schema::Resource;
use crate::sandbox::exchange::Ask;
use crate::sandbox::json;

/// The page that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    page: u64,
    rows: u64,
}

/// Writes the page of `ids` that is asked for; `row` writes one.
pub(super) fn page(
    pen: &Pen<'_>,
    ask: &Ask,
    resource: Resource,
    filters: &[&str],
    ids: &[u64],
    mut row: impl FnMut(&mut Vec<u8>, u64),
) -> Result<Vec<u8>, Refusal> {
    let wanted = wanted(pen, ask)?;
    let start = (wanted.page - 1).saturating_mul(wanted.rows);
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(ids.len());
    let end = start.saturating_add(usize::try_from(wanted.rows).unwrap_or(usize::MAX)).min(ids.len());
    let shown = ids.get(start..end).unwrap_or_default();
    let mut out = Vec::with_capacity(2048 + shown.len() * 1400);
    if pen.format == Format::Plain {
        out.push(b'[');
        for id in shown {
            json::comma(&mut out);
            row(&mut out, *id);
        }
        out.push(b']');
        return Ok(out);
    }
    let envelope = Envelope { pen, prefix: if pen.options.dialect.is_prefixed() { "hydra:" } else { "" } };
    out.push(b'{');
    json::key(&mut out, "@context");
    pen.text(&mut out, &format!("{}/contexts/{}", pen.options.prefix, resource.type_name()));
    json::key(&mut out, "@id");
    pen.text(&mut out, &ask.path);
    json::key(&mut out, "@type");
    pen.text(&mut out, &format!("{}Collection", envelope.prefix));
    let total = ids.len() as u64;
    if pen.options.totals == Totals::Shown {
        envelope.key(&mut out, "totalItems");
        json::number(&mut out, total);
    }
    envelope.key(&mut out, "member");
    out.push(b'[');
    for id in shown {
        json::comma(&mut out);
        row(&mut out, *id);
    }
    out.push(b']');
    match pen.options.totals {
        Totals::Shown => envelope.counted_view(&mut out, ask, wanted, total),
        Totals::Absent => envelope.partial_view(&mut out, ask, wanted, shown.len() as u64),
    }
    if !filters.is_empty() {
        envelope.search(&mut out, &ask.path, filters);
    }
    out.push(b'}');
    Ok(out)
}

fn wanted(pen: &Pen<'_>, ask: &Ask) -> Result<Wanted, Refusal> {
    let page = match ask.parameter("page") {
        None => 1,
        Some(text) => php_integer(&text).ok_or_else(|| Refusal::bad("Page parameter is too large."))?,
    };
    let rows = match (pen.options.page_limit, ask.parameter("itemsPerPage")) {
        (None, _) | (Some(_), None) => pen.options.page_size,
        (Some(most), Some(text)) => match php_integer(&text) {
            Some(rows) if rows < 0 => return Err(Refusal::bad("Limit should not be less than 0")),
            Some(rows) => u64::try_from(rows).unwrap_or(0).min(most),
            None => most,
        },
    };
    let page = u64::try_from(page).ok().filter(|page| *page > 0);
    let page = page.ok_or_else(|| Refusal::bad("Page should not be less than 1"))?;
    if rows == 0 && page > 1 {
        return Err(Refusal::bad("Page should not be greater than 1 if limit is equal to 0"));
    }
    Ok(Wanted { page, rows })
}

/// What PHP's cast makes of a text: the digits that it begins with, else 0; `None` beyond 64 bits.
fn php_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default();
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse::<i64>().ok().map(|number| sign * number)
}

/// The keys around the rows.
struct Envelope<'pen> {
    pen: &'pen Pen<'pen>,
    prefix: &'static str,
}

impl Envelope<'_> {
    fn key(&self, out: &mut Vec<u8>, key: &str) {
        json::comma(out);
        out.push(b'"');
        out.extend_from_slice(self.prefix.as_bytes());
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
    }

    fn counted_view(&self, out: &mut Vec<u8>, ask: &Ask, wanted: Wanted, total: u64) {
        let last = if wanted.rows == 0 { 1 } else { total.div_ceil(wanted.rows).max(1) };
        if last == 1 {
            if !ask.query.is_empty() {
                self.open_view(out, &link(ask, None));
                out.push(b'}');
            }
            return;
        }
        self.open_view(out, &link(ask, Some(wanted.page)));
        self.link(out, "first", ask, 1);
        self.link(out, "last", ask, last);
        if wanted.page > 1 {
            self.link(out, "previous", ask, wanted.page - 1);
        }
        if wanted.page < last {
            self.link(out, "next", ask, wanted.page + 1);
        }
        out.push(b'}');
    }

    fn partial_view(&self, out: &mut Vec<u8>, ask: &Ask, wanted: Wanted, shown: u64) {
        self.open_view(out, &link(ask, Some(wanted.page)));
        if wanted.page > 1 {
            self.link(out, "previous", ask, wanted.page - 1);
        }
        if shown > 0 && shown == wanted.rows {
            self.link(out, "next", ask, wanted.page + 1);
        }
        out.push(b'}');
    }

    fn open_view(&self, out: &mut Vec<u8>, own: &str) {
        self.key(out, "view");
        out.push(b'{');
        json::key(out, "@id");
        self.pen.text(out, own);
        json::key(out, "@type");
        self.pen.text(out, &format!("{}PartialCollectionView", self.prefix));
    }

    fn link(&self, out: &mut Vec<u8>, key: &str, ask: &Ask, page: u64) {
        self.key(out, key);
        self.pen.text(out, &link(ask, Some(page)));
    }

    fn search(&self, out: &mut Vec<u8>, path: &str, filters: &[&str]) {
        self.key(out, "search");
        out.push(b'{');
        json::key(out, "@type");
        self.pen.text(out, &format!("{}IriTemplate", self.prefix));
        self.key(out, "template");
        self.pen.text(out, &format!("{path}{{?{}}}", filters.join(",")));
        self.key(out, "variableRepresentation");
        out.extend_from_slice(b"\"BasicRepresentation\"");
        self.key(out, "mapping");
        out.push(b'[');
        for variable in filters {
            json::comma(out);
            out.push(b'{');
            json::key(out, "@type");
            out.extend_from_slice(b"\"IriTemplateMapping\"");
            json::key(out, "variable");
            self.pen.text(out, variable);
            json::key(out, "property");
            self.pen.text(out, variable.trim_end_matches("[]"));
            json::key(out, "required");
            out.extend_from_slice(b"false}");
        }
        out.extend_from_slice(b"]}");
    }
}

/// The list's own path with the query that it was asked with, and another page.
fn link(ask: &Ask, page: Option<u64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut paged = false;
    for (key, value) in ask.parameters() {
        match page {
            Some(page) if key == "page" => {
                query.append_pair("page", &page.to_string());
                paged = true;
            }
            Some(_) | None => {
                query.append_pair(&key, &value);
            }
        }
    }
    if let Some(page) = page.filter(|_| !paged) {
        query.append_pair("page", &page.to_string());
    }
    format!("{}?{}", ask.path, query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_php_does() {
        for (text, number) in [("7", Some(7)), ("-1", Some(-1)), ("abc", Some(0)), ("", Some(0)), ("12x", Some(12))] {
            assert_eq!(php_integer(text), number, "{text}");
        }
        assert_eq!(php_integer("99999999999999999999"), None);
    }
}
