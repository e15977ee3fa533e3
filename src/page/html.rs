//! The HTML parser, with limits: what a hostile page can cost is bounded, in time, memory and stack.
//!
//! The tree builder scans its stack of open elements for most tags, and opens formatting elements again for each
//! paragraph, so that the work grows faster than the page. The page is fed in steps that end before and after
//! each `<`, and the parser stops at the first limit. Scripts count as enabled: what stands in `noscript` stays text.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    ParseError, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeSink};
use html5ever::{Attribute, LocalName, QualName, TokenizerResult};
use scraper::{Html, HtmlTreeSink};

use crate::page::tag_scan::TagScan;

/// A parsed page, and what only its parser knows
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) html: Html,
    /// The form of a control by the parser's form pointer: in a table, the form need not be an ancestor
    pub(super) owners:
        HashMap<<HtmlTreeSink as TreeSink>::Handle, <HtmlTreeSink as TreeSink>::Handle>,
}

impl Tree {
    /// Parses a whole document
    pub(super) fn parse(text: &str) -> Result<Self, HtmlLimit> {
        let options = TokenizerOpts {
            // The byte order mark went when the bytes were decoded.
            discard_bom: false,
            ..TokenizerOpts::default()
        };
        let tokenizer = Tokenizer::new(Limited::default(), options);
        let input = BufferQueue::default();
        let mut scan = TagScan::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, tail) = rest.split_at(first_step(rest));
            rest = tail;
            scan.read(step);
            if scan.attributes() > ATTRIBUTES_OF_A_TAG {
                return Err(HtmlLimit::TagAttributes);
            }
            tokenizer.sink.idle.set(true);
            input.push_back(StrTendril::from(step));
            while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
            if !tokenizer.sink.idle.get() {
                scan.handed_over(step);
            }
            if let Some(limit) = tokenizer.sink.reached.get() {
                return Err(limit);
            }
        }
        tokenizer.end();
        match tokenizer.sink.reached.get() {
            Some(limit) => Err(limit),
            None => Ok(tokenizer.sink.builder.sink.finish()),
        }
    }
}

/// Which limit a page went over
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum HtmlLimit {
    #[error("it has more than {NODES} elements and texts")]
    Nodes,
    #[error("its elements are nested more than {DEPTH} deep")]
    Depth,
    #[error("one of its tags has more than {ATTRIBUTES_OF_A_TAG} attributes")]
    TagAttributes,
    #[error("its tags have more than {ATTRIBUTES} attributes")]
    Attributes,
    #[error("its tags are so tangled that it takes too long to read")]
    Work,
}

/// Hands tokens to the tree builder, until a limit is reached
struct Limited {
    builder: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, Sink>,
    reached: Cell<Option<HtmlLimit>>,
    /// Whether no token came since the last step began: then the step ended inside a tag or a comment
    idle: Cell<bool>,
    attributes: Cell<usize>,
    /// How often a formatting element occurred, and with how many attributes in all
    formatting: RefCell<HashMap<LocalName, (usize, usize)>>,
}

impl Default for Limited {
    fn default() -> Self {
        let sink = Sink {
            inner: HtmlTreeSink::new(Html::new_document()),
            owners: RefCell::default(),
            work: Cell::default(),
            too_deep: Cell::default(),
        };
        Self {
            builder: TreeBuilder::new(sink, Default::default()),
            reached: Cell::default(),
            idle: Cell::default(),
            attributes: Cell::default(),
            formatting: RefCell::default(),
        }
    }
}

impl Limited {
    /// Accounts for the work that the tree builder does without asking its sink
    fn charge(&self, tag: &Tag) {
        let attributes = tag.attrs.len();
        self.attributes.set(self.attributes.get() + attributes);
        self.builder.sink.add_work(WORK_OF_A_TAG);
        // A new formatting element is compared with those before it, attribute by attribute.
        if tag.kind == StartTag && FORMATTING.contains(&&*tag.name) {
            let mut formatting = self.formatting.borrow_mut();
            let (count, total) = formatting.entry(tag.name.clone()).or_default();
            let compared = *total + *count * attributes;
            *count += 1;
            *total += attributes;
            self.builder.sink.add_work(compared * WORK_OF_AN_ATTRIBUTE);
        }
    }

    fn limit(&self) -> Option<HtmlLimit> {
        let sink = &self.builder.sink;
        let limits = [
            (sink.too_deep.get(), HtmlLimit::Depth),
            (sink.nodes() > NODES, HtmlLimit::Nodes),
            (self.attributes.get() > ATTRIBUTES, HtmlLimit::Attributes),
            (sink.work.get() > WORK, HtmlLimit::Work),
        ];
        limits
            .into_iter()
            .find_map(|(reached, limit)| reached.then_some(limit))
    }
}

impl TokenSink for Limited {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if self.reached.get().is_some() || matches!(token, ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.idle.set(false);
        if let TagToken(tag) = &token {
            self.charge(tag);
        }
        let result = self.builder.process_token(token, line);
        self.reached.set(self.limit());
        result
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Builds the tree, and counts
struct Sink {
    inner: HtmlTreeSink,
    owners:
        RefCell<HashMap<<HtmlTreeSink as TreeSink>::Handle, <HtmlTreeSink as TreeSink>::Handle>>,
    work: Cell<usize>,
    too_deep: Cell<bool>,
}

impl Sink {
    fn nodes(&self) -> usize {
        self.inner.0.borrow().tree.nodes().len()
    }

    fn add_work(&self, work: usize) {
        self.work.set(self.work.get().saturating_add(work));
    }

    fn check_depth(&self, node: Option<<HtmlTreeSink as TreeSink>::Handle>) {
        let html = self.inner.0.borrow();
        let depth = node
            .and_then(|node| html.tree.get(node))
            .map_or(0, |node| node.ancestors().take(DEPTH + 1).count());
        if depth > DEPTH {
            self.too_deep.set(true);
        }
    }
}

impl TreeSink for Sink {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;
    type Output = Tree;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Tree {
        Tree {
            html: self.inner.finish(),
            owners: self.owners.into_inner(),
        }
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> Self::ElemName<'a> {
        self.add_work(1);
        self.inner.elem_name(target)
    }

    fn same_node(&self, x: &Self::Handle, y: &Self::Handle) -> bool {
        self.add_work(1);
        self.inner.same_node(x, y)
    }

    fn append(&self, parent: &Self::Handle, child: NodeOrText<Self::Handle>) {
        let node = node(&child);
        self.inner.append(parent, child);
        self.check_depth(node);
    }

    fn append_before_sibling(&self, sibling: &Self::Handle, child: NodeOrText<Self::Handle>) {
        let node = node(&child);
        self.inner.append_before_sibling(sibling, child);
        self.check_depth(node);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Self::Handle,
        previous: &Self::Handle,
        child: NodeOrText<Self::Handle>,
    ) {
        let node = node(&child);
        self.inner
            .append_based_on_parent_node(element, previous, child);
        self.check_depth(node);
    }

    fn associate_with_form(
        &self,
        target: &Self::Handle,
        form: &Self::Handle,
        _: (&Self::Handle, Option<&Self::Handle>),
    ) {
        self.owners.borrow_mut().insert(*target, *form);
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Self::Handle {
        self.inner.get_document()
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        flags: ElementFlags,
    ) -> Self::Handle {
        self.inner.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> Self::Handle {
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> Self::Handle {
        self.inner.create_pi(target, data)
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.inner.append_doctype_to_document(name, public, system);
    }

    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        self.inner.get_template_contents(target)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn add_attrs_if_missing(&self, target: &Self::Handle, attributes: Vec<Attribute>) {
        self.inner.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &Self::Handle) {
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &Self::Handle, parent: &Self::Handle) {
        self.inner.reparent_children(node, parent);
    }
}

fn node(child: &NodeOrText<<Sink as TreeSink>::Handle>) -> Option<<Sink as TreeSink>::Handle> {
    match child {
        NodeOrText::AppendNode(node) => Some(*node),
        NodeOrText::AppendText(_) => None,
    }
}

/// A `<`, or what stands before the next one
fn first_step(rest: &str) -> usize {
    let next = rest.bytes().position(|byte| byte == b'<');
    next.map_or(rest.len(), |position| position.max(1))
}

const NODES: usize = 20_000;

/// As deep as browsers nest
const DEPTH: usize = 512;

const ATTRIBUTES_OF_A_TAG: usize = 256;

const ATTRIBUTES: usize = 32_768;

/// In looks at an open element
const WORK: usize = 20_000_000;

const WORK_OF_A_TAG: usize = 200;

const WORK_OF_AN_ATTRIBUTE: usize = 4;

/// Those of which a page may have several open: not `a` and `nobr`, which close the one before
const FORMATTING: [&str; 12] = [
    "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::thread;

    use html5ever::buffer_queue::BufferQueue;
    use html5ever::tendril::StrTendril;
    use html5ever::tokenizer::states::RawKind;
    use html5ever::tokenizer::{
        ParseError, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    };
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
    use scraper::Selector;

    use super::{HtmlLimit, TagScan, Tree, first_step};

    /// `unit` over and over, with its number in place of `#`
    fn filled(start: &str, unit: &str, size: usize) -> String {
        if !unit.contains('#') {
            return start.to_owned() + &unit.repeat((size - start.len()) / unit.len());
        }
        let mut page = String::from(start);
        let mut n = 0;
        while page.len() + unit.len() + 8 < size {
            page.push_str(&unit.replace('#', &n.to_string()));
            n += 1;
        }
        page
    }

    /// Parses, and drops the tree, on a stack that no recursion fits
    fn parse(page: String) -> Result<(), HtmlLimit> {
        let small = thread::Builder::new().stack_size(512 << 10);
        let parsed = small.spawn(move || Tree::parse(&page).map(drop)).unwrap();
        parsed.join().unwrap()
    }

    #[test]
    fn a_hostile_page_meets_a_limit() {
        let hostile = [
            ("", "<div>", HtmlLimit::Depth),
            ("", "<span>", HtmlLimit::Depth),
            ("", "<b a=#>", HtmlLimit::Depth),
            ("", "<b a=#><applet></b></applet>", HtmlLimit::Depth),
            ("", "<table><tr><td>", HtmlLimit::Depth),
            ("", "<svg>", HtmlLimit::Depth),
            ("", "<svg><foreignObject>", HtmlLimit::Depth),
            ("", "<math><mi>", HtmlLimit::Depth),
            ("", "<template>", HtmlLimit::Depth),
            ("", "<template><tr>", HtmlLimit::Depth),
            ("", "<a>x<div>", HtmlLimit::Depth),
            ("", "<ruby><rt>", HtmlLimit::Depth),
            ("", "<table><tr>", HtmlLimit::Nodes),
            ("", "<table><b>", HtmlLimit::Nodes),
            ("", "<a><table>", HtmlLimit::Nodes),
            ("", "<b><p>", HtmlLimit::Nodes),
            ("", "<i a=#><p>", HtmlLimit::Nodes),
            ("<b a=1><b a=2><b a=3>", "<p>", HtmlLimit::Nodes),
            ("<select>", "<option>", HtmlLimit::Nodes),
            ("", "<select><option>", HtmlLimit::Nodes),
            ("", "<form><p></form>", HtmlLimit::Nodes),
            ("", "<!--x-->", HtmlLimit::Nodes),
            ("", "<li>", HtmlLimit::Nodes),
            ("", "</br>", HtmlLimit::Nodes),
            ("<div a ", " a#", HtmlLimit::TagAttributes),
            ("<div a ", "/a#", HtmlLimit::TagAttributes),
            ("<div a ", "a#=''", HtmlLimit::TagAttributes),
            ("</div ", " a#", HtmlLimit::TagAttributes),
            ("<script>", "</script x", HtmlLimit::TagAttributes),
            ("", "<html a# b# c# d# e#>", HtmlLimit::Attributes),
            ("", "<b a0 a1 a2 a3 a4 a5 a6 a7 a8></b>", HtmlLimit::Work),
        ];
        for (start, unit, limit) in hostile {
            assert_eq!(
                parse(filled(start, unit, HOSTILE)),
                Err(limit),
                "{start} {unit}"
            );
        }
    }

    #[test]
    fn a_tangled_page_meets_a_limit() {
        let italics: String = (0..400).map(|n| format!("<i a={n}>")).collect();
        let tangled = [
            (italics.clone(), "</b>"),
            (String::new(), "<form>x"),
            (italics.clone() + "<div>", "</b>"),
            (italics.clone() + &"<span>".repeat(100), "&amp;"),
            ("<span>".repeat(500), "</x>"),
            ("<table>".to_owned(), "</b>"),
        ];
        // All that may be done before the limit is done, which takes its time without optimization.
        let tried = if cfg!(debug_assertions) {
            2
        } else {
            tangled.len()
        };
        for (start, unit) in tangled.iter().take(tried) {
            assert_eq!(
                parse(filled(start, unit, HOSTILE)),
                Err(HtmlLimit::Work),
                "{unit}"
            );
        }
    }

    #[test]
    fn a_page_that_is_only_long_is_read() {
        let long = [
            ("", "text "),
            ("", "&amp;"),
            ("", "&#x41;"),
            ("", "&ampx"),
            ("<b>", "\0"),
            ("<b><i><u>", "&lt;"),
            ("<table>", "a "),
            ("<table><tr>", " \n"),
            ("<div a='", "x"),
            ("<div a='", "&amp;"),
            ("<div a='", "<b x=\" "),
            ("<div ", "a"),
            ("<", "a"),
            ("<!--", "-"),
            ("<!--", "<!-- a b"),
            ("<!doctype ", "a "),
            ("<script>", "<!--<script></script"),
            ("<script>", "a<b c d e "),
            ("<style>", "<"),
            ("<textarea>", "</textare"),
            ("<title>", "&amp;</a b"),
            ("<svg><![CDATA[", "]]"),
            ("<plaintext>", "<a b c"),
            ("", "<"),
            ("", "</"),
            ("", "</>"),
            ("", "&"),
            ("", "&a"),
            ("", "&#"),
            ("&#", "9"),
            ("&", "a"),
        ];
        for (start, unit) in long {
            let page = filled(start, unit, LONG);
            assert_eq!(parse(page), Ok(()), "{start} {unit}");
        }
    }

    #[test]
    fn a_large_page_is_read() {
        let row =
            "<tr><td><a href='/#' class=x>n#</a><td><b>x</b><input type=hidden name=a# value=#>";
        let page = filled("<table>", row, 150_000);

        assert_eq!(parse(page), Ok(()));
    }

    #[test]
    fn what_stands_in_noscript_is_text() {
        let tree =
            Tree::parse("<noscript><meta http-equiv=refresh content='0;url=/no'></noscript>")
                .unwrap();

        assert!(
            tree.html
                .select(&Selector::parse("meta").unwrap())
                .next()
                .is_none()
        );
    }

    #[test]
    fn steps_end_around_the_beginning_of_a_tag() {
        assert_eq!(first_step("a>x<b>"), 3);
        assert_eq!(first_step("<a>x<b>"), 1);
        assert_eq!(first_step("é<b>"), 2);
        assert_eq!(first_step("<"), 1);
        assert_eq!(first_step("<<"), 1);
    }

    /// Compares what a scan counted with what the parser found
    #[derive(Default)]
    struct Counted {
        scanned: Cell<usize>,
        missed: Cell<bool>,
        idle: Cell<bool>,
        foreign: bool,
    }

    impl TokenSink for Counted {
        type Handle = ();

        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            if let TagToken(tag) = &token
                && tag.attrs.len() > self.scanned.get()
            {
                self.missed.set(true);
            }
            self.idle
                .set(self.idle.get() && matches!(token, ParseError(_)));
            match token {
                TagToken(tag) if tag.kind == StartTag => match &*tag.name {
                    "s" => TokenSinkResult::RawData(RawKind::Rawtext),
                    "t" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    _ => TokenSinkResult::Continue,
                },
                _ => TokenSinkResult::Continue,
            }
        }

        fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
            self.foreign
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        #[test]
        fn no_attribute_is_missed(foreign: bool, text in "([<>!/?='\"a \n&-]|</?(a|s|t|script)[ >]|<!--|-->|=\"|<!\\[CDATA\\[|]]>|<s>|&am){0,60}") {
            let tokenizer = Tokenizer::new(Counted { foreign, ..Counted::default() }, Default::default());
            let input = BufferQueue::default();
            let mut scan = TagScan::default();
            let mut rest = &*text;
            while !rest.is_empty() {
                let (step, tail) = rest.split_at(first_step(rest));
                rest = tail;
                scan.read(step);
                tokenizer.sink.scanned.set(scan.attributes());
                tokenizer.sink.idle.set(true);
                input.push_back(StrTendril::from(step));
                let _ = tokenizer.feed(&input);
                if !tokenizer.sink.idle.get() {
                    scan.handed_over(step);
                }
            }
            prop_assert!(!tokenizer.sink.missed.get());
        }

        #[test]
        fn tangled_tags_do_no_harm(tags in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
            let _ = Tree::parse(&tags.concat());
        }

        #[test]
        fn any_text_does_no_harm(text in any::<String>()) {
            prop_assert!(Tree::parse(&text).is_ok());
        }
    }

    /// The size of the largest page that is read; less of it where the tests are slow
    const HOSTILE: usize = if cfg!(debug_assertions) {
        1 << 20
    } else {
        4 << 20
    };
    const LONG: usize = if cfg!(debug_assertions) {
        16 << 10
    } else {
        4 << 20
    };

    const PIECES: &[&str] = &[
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<nobr>",
        "</nobr>",
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<th>",
        "<tbody>",
        "</tbody>",
        "<thead>",
        "<caption>",
        "</caption>",
        "<colgroup>",
        "</colgroup>",
        "<col>",
        "<select>",
        "</select>",
        "<option>",
        "</option>",
        "<optgroup>",
        "</optgroup>",
        "<hr>",
        "<form>",
        "</form>",
        "<form id=f>",
        "<input>",
        "<input type=hidden>",
        "<input form=f>",
        "<button>",
        "</button>",
        "<textarea>",
        "</textarea>",
        "\n",
        "<template>",
        "</template>",
        "<svg>",
        "</svg>",
        "<math>",
        "</math>",
        "<mi>",
        "<mglyph>",
        "<annotation-xml>",
        "<annotation-xml encoding='text/html'>",
        "</annotation-xml>",
        "<foreignObject>",
        "</foreignObject>",
        "<desc>",
        "<title>",
        "</title>",
        "<font color=x>",
        "<font>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<noscript>",
        "</noscript>",
        "<head>",
        "</head>",
        "<body>",
        "</body>",
        "<body class=x>",
        "<html>",
        "</html>",
        "<html lang=x>",
        "<frameset>",
        "</frameset>",
        "<frame>",
        "<noframes>",
        "</noframes>",
        "<applet>",
        "</applet>",
        "<marquee>",
        "</marquee>",
        "<object>",
        "</object>",
        "<li>",
        "</li>",
        "<dl>",
        "<dd>",
        "<dt>",
        "<h1>",
        "</h1>",
        "<h2>",
        "<pre>",
        "</pre>",
        "<listing>",
        "<plaintext>",
        "<xmp>",
        "</xmp>",
        "<iframe>",
        "</iframe>",
        "<image>",
        "<isindex>",
        "<br>",
        "</br>",
        "<rb>",
        "<rt>",
        "<rtc>",
        "<rp>",
        "<ruby>",
        "</ruby>",
        "<meta charset=utf-8>",
        "<meta http-equiv=content-type content='text/html; charset=x'>",
        "<base href=x>",
        "<link>",
        "<keygen>",
        "<selectedcontent>",
        "</selectedcontent>",
        "<datalist>",
        "</datalist>",
        "<fieldset disabled>",
        "</fieldset>",
        "<legend>",
        "</legend>",
        "<label>",
        "</label>",
        "<area>",
        "<search>",
        "<dialog>",
        "<details>",
        "<summary>",
        "<center>",
        "x",
        " ",
        "\0",
        "&amp;",
        "&#0;",
        "&",
        "&am",
        "<!-- -->",
        "<!doctype html>",
        "<!doctype",
        "<![CDATA[x]]>",
        "<![CDATA[",
        "<?x>",
        "</",
        "<",
        "</>",
        "<a b c=d",
        "<a/>",
        "<svg/>",
        "<template shadowrootmode=open>",
        "<tr/>",
        "\u{feff}",
        "\r\n",
        "\r",
    ];
}
