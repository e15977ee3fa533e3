/// Counts the attributes of a tag before the parser sees it
///
/// The parser compares each attribute with all before it, and hands a tag over only when it is whole, so that a
/// tag without an end costs the square of its length. `TagScan` walks through the tag's states as the parser does.
///
/// Source: <https://html.spec.whatwg.org/multipage/parsing.html#tag-open-state>
#[derive(Debug, Default)]
pub(super) struct TagScan {
    state: State,
    attributes: usize,
}

impl TagScan {
    /// Reads the next step of the input: a `<`, or what stands before the next one
    pub(super) fn read(&mut self, step: &str) {
        for byte in step.bytes() {
            let next = self.state.after(byte);
            if next == State::Name && self.state != State::Name {
                self.attributes += 1;
            }
            self.state = next;
            // Up to the next `<` nothing can begin a tag.
            if matches!(next, State::Text | State::Markup) {
                return;
            }
        }
    }

    /// Tells that the parser handed something over while it read `step`
    ///
    /// So it was not, or is no longer, inside a tag.
    pub(super) fn handed_over(&mut self, step: &str) {
        self.state = match step {
            "<" => State::Open,
            _ => State::Text,
        };
        self.attributes = 0;
    }

    /// How many attributes the tag had at most
    pub(super) fn attributes(&self) -> usize {
        self.attributes
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    #[default]
    Text,
    /// A comment, a DOCTYPE or the like: without attributes until the parser hands it over
    Markup,
    Open,
    Close,
    Tag,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
    AfterQuoted,
}

impl State {
    fn after(self, byte: u8) -> Self {
        let blank = matches!(byte, b'\t' | b'\n' | b'\x0C' | b'\r' | b' ');
        match (self, byte) {
            (Self::Text | Self::Open, b'<') => Self::Open,
            (Self::Text, _) => Self::Text,
            (Self::Markup, _) => Self::Markup,
            (Self::Open, b'/') => Self::Close,
            (Self::Open, b'!' | b'?') => Self::Markup,
            (Self::Open | Self::Close, _) if byte.is_ascii_alphabetic() => Self::Tag,
            (Self::Open, _) => Self::Text,
            (Self::DoubleQuoted, b'"') | (Self::SingleQuoted, b'\'') => Self::AfterQuoted,
            (Self::DoubleQuoted | Self::SingleQuoted, _) => self,
            (_, b'>') => Self::Text,
            (Self::Close, _) => Self::Markup,
            (Self::Tag | Self::AfterQuoted, _) if blank => Self::BeforeName,
            (Self::Tag | Self::AfterQuoted | Self::BeforeName, b'/') => Self::BeforeName,
            (Self::Tag, _) => Self::Tag,
            (Self::BeforeName | Self::AfterName | Self::BeforeValue, _) if blank => self,
            (Self::Name | Self::AfterName, b'/') => Self::BeforeName,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::Name, _) if blank => Self::AfterName,
            (Self::BeforeName | Self::Name | Self::AfterName | Self::AfterQuoted, _) => Self::Name,
            (Self::BeforeValue, b'"') => Self::DoubleQuoted,
            (Self::BeforeValue, b'\'') => Self::SingleQuoted,
            (Self::Unquoted, _) if blank => Self::BeforeName,
            (Self::BeforeValue | Self::Unquoted, _) => Self::Unquoted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TagScan;

    fn attributes(tag: &str) -> usize {
        let mut scan = TagScan::default();
        scan.read(tag);
        scan.attributes()
    }

    #[test]
    fn attributes_are_counted() {
        assert_eq!(attributes("<a>"), 0);
        assert_eq!(attributes("<a b>"), 1);
        assert_eq!(attributes("<a b=c d = e f='g h i' j=\"k l\"m/n>o p q"), 6);
        assert_eq!(attributes("</a b c>"), 2);
        assert_eq!(attributes("<a =b =c>"), 1);
        assert_eq!(attributes("<a b=>c d"), 1);
    }

    #[test]
    fn comments_have_no_attributes() {
        assert_eq!(attributes("<!-- a b c"), 0);
        assert_eq!(attributes("</ a b c"), 0);
        assert_eq!(attributes("< a b c"), 0);
    }

    #[test]
    fn a_tag_is_counted_across_steps() {
        let mut scan = TagScan::default();

        scan.read("<a b='");
        scan.read("<");
        scan.read("c d e' f g");

        assert_eq!(scan.attributes(), 3);
    }

    #[test]
    fn a_tag_begins_anew_when_one_was_handed_over() {
        let mut scan = TagScan::default();

        scan.read("<a b c='");
        scan.handed_over("'>");
        scan.read("<a b");
        assert_eq!(scan.attributes(), 1);

        scan.handed_over("<");
        scan.read("a b c");
        assert_eq!(scan.attributes(), 2);
    }
}
