//! What is refused before it is compiled: the compiler knows no bounds either.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

/// Longest text, in bytes.
const SOURCE_MAX: usize = 256 << 10;

/// Most words and signs in one tag: the compiler goes as deep as a tag is long.
const TAG_MAX: usize = 500;

/// Most `elif`s of a text: each lies within the one before.
const ELIFS_MAX: usize = 200;

/// Refuses what would overflow the compiler's stack or memory; gives the line, and what is wrong.
///
/// The compiler calculates with literals on its own, where nothing is metered yet.
pub(in crate::template) fn check(source: &str, syntax: SyntaxConfig) -> Result<(), (usize, &'static str)> {
    if source.len() > SOURCE_MAX {
        return Err((0, "the text is longer than 256 KiB; include what the catalog has"));
    }
    let (mut inside, mut elifs, mut literals) = (0, 0, Literals::default());
    for token in tokenize(source, false, syntax) {
        // What is no token is told by the compiler.
        let Ok((token, span)) = token else {
            return Ok(());
        };
        let line = usize::from(span.start_line);
        match &token {
            Token::TemplateData(_) | Token::VariableStart | Token::BlockStart => {
                (inside, literals) = (0, Literals::default());
            }
            _ => inside += 1,
        }
        elifs += usize::from(inside == 1 && matches!(token, Token::Ident("elif")));
        if inside > TAG_MAX {
            return Err((line, "the tag has more than 500 words and signs; split it"));
        } else if elifs > ELIFS_MAX {
            return Err((line, "more than 200 `elif`; look the value up in a table"));
        } else if literals.multiplies(&token) {
            return Err((line, "multiplies a literal text or list; write it out"));
        }
    }
    Ok(())
}

/// Watches for literal texts and lists that are multiplied.
#[derive(Default)]
struct Literals {
    /// Brackets that are open.
    open: Vec<Group>,
    /// What the token before ends.
    last: Last,
}

/// What a bracket holds.
#[derive(Default, Clone, Copy)]
struct Group {
    /// Whether it is behind a value, whose arguments or place it holds.
    is_behind: bool,
    /// Whether it is multiplied by what stands before it.
    is_multiplied: bool,
    has_name: bool,
    has_text: bool,
}

/// What a token ends.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A literal text or list.
    Literal,
    /// Nothing: a value follows.
    #[default]
    Nothing,
    /// A multiplication sign: a value follows.
    Times,
    /// Some other value.
    Value,
}

impl Literals {
    /// Takes a token; tells whether it has a literal text or list multiplied.
    fn multiplies(&mut self, token: &Token<'_>) -> bool {
        let (before, mut found) = (self.last, false);
        self.last = match token {
            Token::Str(_) | Token::String(_) => {
                found = before == Last::Times;
                self.note(|group| group.has_text = true);
                Last::Literal
            }
            Token::Ident("and" | "else" | "if" | "in" | "is" | "not" | "or") => Last::Nothing,
            Token::Ident(_) => {
                self.note(|group| group.has_name = true);
                Last::Value
            }
            Token::Mul => {
                found = before == Last::Literal;
                Last::Times
            }
            Token::ParenOpen | Token::BracketOpen => {
                let is_behind = matches!(before, Last::Literal | Last::Value);
                let is_list = matches!(token, Token::BracketOpen) && !is_behind;
                let is_multiplied = before == Last::Times;
                self.open.push(Group { is_behind, is_multiplied, has_name: false, has_text: is_list });
                Last::Nothing
            }
            Token::ParenClose | Token::BracketClose => {
                let group = self.open.pop().unwrap_or_default();
                let is_literal = group.has_text && !group.has_name && !group.is_behind;
                self.note(|above| {
                    above.has_name |= group.has_name || group.is_behind;
                    above.has_text |= group.has_text;
                });
                found = is_literal && group.is_multiplied;
                if is_literal { Last::Literal } else { Last::Value }
            }
            Token::Comma => {
                self.note(|group| group.has_text = true);
                Last::Nothing
            }
            Token::Int(_) | Token::Int128(_) | Token::Float(_) | Token::BraceClose => Last::Value,
            _ => Last::Nothing,
        };
        found
    }

    fn note(&mut self, note: impl FnOnce(&mut Group)) {
        if let Some(group) = self.open.last_mut() {
            note(group);
        }
    }
}
