//! What `echo`, `printf` and `base64 -d` print, byte for byte as bash and GNU coreutils do.

use std::iter::Peekable;
use std::str::Bytes;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kubectl::error::{ParseCommandError, Refusal, refuse};
use crate::kubectl::words::Word;

/// The output of `echo` with these arguments
pub(super) fn echo(arguments: &[Word]) -> Result<Vec<u8>, ParseCommandError> {
    let (mut escapes, mut newline) = (false, true);
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next_if(|word| is_echo_option(&word.text)) {
        for option in word.text.bytes() {
            match option {
                b'e' => escapes = true,
                b'E' => escapes = false,
                b'n' => newline = false,
                _ => {}
            }
        }
    }
    let mut output = Vec::new();
    let mut first = true;
    for word in words {
        if !first {
            output.push(b' ');
        }
        first = false;
        match escapes {
            true if !unescape(word, Dialect::Echo, &mut output)? => return Ok(output),
            true => {}
            false => output.extend_from_slice(word.text.as_bytes()),
        }
    }
    if newline {
        output.push(b'\n');
    }
    Ok(output)
}

/// The output of `printf` with a literal format, or with `%s` or `%s\n` and its arguments
pub(super) fn printf(arguments: &[Word], statement: usize) -> Result<Vec<u8>, ParseCommandError> {
    let arguments = match arguments {
        [dashes, rest @ ..] if dashes.text == "--" => rest,
        // `printf "-----BEGIN…"` is an error of bash: it reads the format as an option.
        [option, ..] if option.text.starts_with('-') => {
            let construct = "a `printf` whose format starts with `-`";
            return refuse(Refusal::CommandFails, option.offset, construct);
        }
        all => all,
    };
    let Some((format, values)) = arguments.split_first() else {
        let construct = "a `printf` without a format";
        return refuse(Refusal::CommandFails, statement, construct);
    };
    let mut output = Vec::new();
    let end = match format.text.as_str() {
        "%s" => "",
        "%s\\n" | "%s\n" => "\n",
        _ if values.is_empty() => {
            unescape(format, Dialect::Printf, &mut output)?;
            return Ok(output);
        }
        _ => return refuse(Refusal::Expansion, format.offset, CONVERSION),
    };
    for value in values {
        output.extend_from_slice(value.text.as_bytes());
        output.extend_from_slice(end.as_bytes());
    }
    if values.is_empty() {
        output.extend_from_slice(end.as_bytes());
    }
    Ok(output)
}

/// What `base64 -d` makes of `input`; where versions of it differ, an error
pub(super) fn decode(input: &[u8], offset: usize) -> Result<Vec<u8>, ParseCommandError> {
    let mut text = input.to_vec();
    text.retain(|byte| *byte != b'\n');
    match STANDARD.decode(&text) {
        Ok(output) => Ok(output),
        Err(_) => refuse(Refusal::CommandFails, offset, "base64 that does not decode"),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dialect {
    Echo,
    Printf,
}

impl Dialect {
    /// What a backslash changes; before anything else it stands for itself
    fn escapes(self) -> &'static [u8] {
        match self {
            Self::Echo => b"abeEfnrtv\\0xuUc",
            Self::Printf => b"abeEfnrtv\\01234567xuU\"'?",
        }
    }
}

/// Appends `word` with its backslash escapes replaced; false where `\c` ends all output
fn unescape(
    word: &Word,
    dialect: Dialect,
    output: &mut Vec<u8>,
) -> Result<bool, ParseCommandError> {
    let mut bytes = word.text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && dialect == Dialect::Printf {
            if bytes.next() != Some(b'%') {
                return refuse(Refusal::Expansion, word.offset, CONVERSION);
            }
            output.push(b'%');
            continue;
        }
        if byte != b'\\' {
            output.push(byte);
            continue;
        }
        let plain = match bytes.next_if(|escape| dialect.escapes().contains(escape)) {
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'e' | b'E') => 0x1b,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0b,
            Some(b'0') if dialect == Dialect::Echo => digits(&mut bytes, 3, 8).0,
            Some(first @ b'0'..=b'7') => {
                let (rest, count) = digits(&mut bytes, 2, 8);
                let shift = 3 * u32::from(count);
                (first - b'0').checked_shl(shift).unwrap_or_default() | rest
            }
            Some(b'x') => match digits(&mut bytes, 2, 16) {
                (_, 0) if dialect == Dialect::Printf => {
                    let construct = "a `\\x` without digits";
                    return refuse(Refusal::CommandFails, word.offset, construct);
                }
                (_, 0) => {
                    output.push(b'\\');
                    b'x'
                }
                (value, _) => value,
            },
            Some(b'u' | b'U') => {
                // What these print depends on the locale.
                return refuse(Refusal::Expansion, word.offset, "a `\\u` escape");
            }
            Some(b'c') => return Ok(false),
            Some(itself) => itself,
            None => b'\\',
        };
        output.push(plain);
    }
    Ok(true)
}

/// Up to `most` digits of the base, and how many there were; the value wraps as a byte does
fn digits(bytes: &mut Peekable<Bytes<'_>>, most: u8, base: u32) -> (u8, u8) {
    let (mut value, mut count) = (0_u32, 0);
    while count < most {
        let Some(digit) = bytes
            .peek()
            .and_then(|byte| char::from(*byte).to_digit(base))
        else {
            break;
        };
        value = value * base + digit;
        count += 1;
        bytes.next();
    }
    (u8::try_from(value & 0xff).unwrap_or_default(), count)
}

fn is_echo_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| {
        !letters.is_empty() && letters.bytes().all(|letter| b"neE".contains(&letter))
    })
}

const CONVERSION: &str = "a `printf` with conversions other than `%%`, `%s` and `%s\\n`";
