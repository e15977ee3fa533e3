//! A login as it went over the wire, redacted: what adapter authors record, read, commit and replay.

mod about;
pub use about::{About, Account};

mod bundle;
pub use bundle::Bundle;

mod case;
pub use case::Case;

mod exchange;
pub use exchange::{Exchange, RecordedAnswer, RecordedBody, RecordedRequest};

mod leak;

mod recorder;
pub use recorder::Recorder;
pub(crate) use recorder::numbered;

mod redaction;

mod rewriter;

mod slim;

mod spelling;

mod stand_ins;

mod taking;

mod token_like;
