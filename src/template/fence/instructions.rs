//! Metered instructions in place of those that know no bounds.

use minijinja::machinery::{Instruction, Instructions};
use minijinja::value::Value;

/// Names that no text can say, so that none can put something else in their place.
pub(super) const CONCAT: &str = "~";
pub(super) const ADD: &str = "+";
pub(super) const MULTIPLY: &str = "*";
pub(super) const SLICE: &str = "[:]";
pub(super) const WEIGH: &str = "[]";
pub(super) const TICK: &str = "()";
pub(super) const PLAIN: &str = "=";

/// Puts metered instructions in place of those that have no bounds.
pub(in crate::template) fn fenced<'s>(own: &Instructions<'s>) -> Instructions<'s> {
    let old: Vec<&Instruction<'s>> = (0..).map_while(|at| own.get(at)).collect();
    let begins = |at: u32| {
        old.iter()
            .any(|instruction| matches!(instruction, Instruction::BuildMacro(_, begin, _) if *begin == at))
    };
    let begin: Vec<bool> = (0..).zip(&old).map(|(at, _)| begins(at)).collect();
    let mut places = Vec::with_capacity(old.len() + 1);
    let mut next = 0;
    for (instruction, begins) in old.iter().zip(&begin) {
        places.push(next);
        next += width(instruction) + if *begins { 2 } else { 0 };
    }
    places.push(next);
    let place = |at: u32| places.get(at as usize).copied().unwrap_or(next);
    let mut new = Instructions::new(own.name(), own.source());
    for ((at, instruction), begins) in (0..).zip(&old).zip(&begin) {
        let span = own.get_span(at);
        let line = u16::try_from(own.get_line(at).unwrap_or_default()).unwrap_or(u16::MAX);
        let mut add = |instruction| match span {
            Some(span) => new.add_with_span(instruction, span),
            None => new.add_with_line(instruction, line),
        };
        if *begins {
            tick(&mut add);
        }
        metered_instruction(instruction, &place, &mut add);
    }
    new
}

const fn width(instruction: &Instruction<'_>) -> u32 {
    match instruction {
        Instruction::EmitRaw(_)
        | Instruction::BuildList(_)
        | Instruction::BuildMap(_)
        | Instruction::BuildTuple(_) => 2,
        Instruction::Iterate(_) => 3,
        Instruction::SetAttr(_) => 4,
        _ => 1,
    }
}

fn tick<'s>(add: &mut dyn FnMut(Instruction<'s>) -> u32) {
    add(Instruction::CallFunction(TICK, Some(0)));
    add(Instruction::DiscardTop);
}

/// Adds what stands for one instruction; `place` tells where a jump leads to now.
fn metered_instruction<'s>(
    old: &Instruction<'s>,
    place: &dyn Fn(u32) -> u32,
    add: &mut dyn FnMut(Instruction<'s>) -> u32,
) {
    match old {
        // Text between tags is printed like everything else, and counted so.
        Instruction::EmitRaw(text) => {
            add(Instruction::LoadConst(Value::from_safe_string((*text).to_owned())));
            add(Instruction::Emit);
        }
        Instruction::StringConcat => drop(add(Instruction::CallFunction(CONCAT, Some(2)))),
        Instruction::Add => drop(add(Instruction::CallFunction(ADD, Some(2)))),
        Instruction::Mul => drop(add(Instruction::CallFunction(MULTIPLY, Some(2)))),
        Instruction::Slice => drop(add(Instruction::CallFunction(SLICE, Some(4)))),
        Instruction::BuildList(_) | Instruction::BuildMap(_) | Instruction::BuildTuple(_) => {
            add(old.clone());
            add(Instruction::CallFunction(WEIGH, Some(1)));
        }
        Instruction::Iterate(end) => {
            add(Instruction::Iterate(place(*end)));
            tick(add);
        }
        // The value lies below the namespace.
        Instruction::SetAttr(_) => {
            add(Instruction::Swap);
            add(Instruction::CallFunction(PLAIN, Some(1)));
            add(Instruction::Swap);
            add(old.clone());
        }
        Instruction::Jump(to) => drop(add(Instruction::Jump(place(*to)))),
        Instruction::JumpIfFalse(to) => drop(add(Instruction::JumpIfFalse(place(*to)))),
        Instruction::JumpIfFalseOrPop(to) => drop(add(Instruction::JumpIfFalseOrPop(place(*to)))),
        Instruction::JumpIfTrueOrPop(to) => drop(add(Instruction::JumpIfTrueOrPop(place(*to)))),
        Instruction::BuildMacro(name, begin, flags) => {
            add(Instruction::BuildMacro(name, place(*begin), *flags));
        }
        other => drop(add((*other).clone())),
    }
}
