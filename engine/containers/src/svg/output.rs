//! The writer of the sanitised file: every name is from a list, and every value is escaped.

use std::fmt::Write;

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// A document that is written.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    /// The position in the root element at which a namespace may be declared.
    declarations_at: usize,
    has_xlink: bool,
    /// Whether the start of an element is open for attributes.
    is_open: bool,
}

impl Output {
    /// Begins an element. The first one is the root.
    pub(super) fn start(&mut self, name: &str) {
        self.close();
        let _ = write!(self.text, "<{name}");
        if self.declarations_at == 0 {
            let _ = write!(self.text, " xmlns=\"{SVG}\"");
            self.declarations_at = self.text.len();
        }
        self.is_open = true;
    }

    /// Adds an attribute to the element that was begun last.
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.has_xlink |= name.starts_with("xlink:");
        let _ = write!(self.text, " {name}=\"");
        self.escaped(value, true);
        self.text.push('"');
    }

    /// Adds text to the element that is open.
    pub(super) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.close();
            self.escaped(text, false);
        }
    }

    /// Ends the element that was begun last and not ended.
    pub(super) fn end(&mut self, name: &str) {
        if std::mem::take(&mut self.is_open) {
            self.text.push_str("/>");
        } else {
            let _ = write!(self.text, "</{name}>");
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.has_xlink {
            self.text.insert_str(self.declarations_at, &format!(" xmlns:xlink=\"{XLINK}\""));
        }
        self.text.push('\n');
        self.text
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.text.push('>');
        }
    }

    fn escaped(&mut self, text: &str, is_attribute: bool) {
        for letter in text.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' if is_attribute => self.text.push_str("&#34;"),
                // As characters they would become spaces.
                '\r' => self.text.push_str("&#13;"),
                '\n' if is_attribute => self.text.push_str("&#10;"),
                '\t' if is_attribute => self.text.push_str("&#9;"),
                letter => self.text.push(letter),
            }
        }
    }
}
