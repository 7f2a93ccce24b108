//! One round of a loop: what it asks, works out and writes.

use super::{Seen, inner};
use naga::{Block, Expression, Handle, LocalVariable, Statement};
use std::cell::Cell;
use std::collections::HashSet;

/// What a round of a loop works out and writes.
pub(super) struct Round {
    pub(super) worked: HashSet<Handle<Expression>>,
    pub(super) stored: HashSet<Handle<LocalVariable>>,
    /// How many expressions may still be looked at.
    looks: Cell<u32>,
}

impl Round {
    pub(super) fn may_look(&self) -> bool {
        self.looks.replace(self.looks.get().saturating_sub(1)) > 0
    }

    pub(super) fn of(seen: &Seen, body: &Block, continuing: &Block) -> Self {
        let mut round =
            Round { worked: HashSet::new(), stored: HashSet::new(), looks: Cell::new(1000) };
        let mut blocks = vec![body, continuing];
        while let Some(block) = blocks.pop() {
            for statement in block.iter() {
                match statement {
                    Statement::Emit(range) => round.worked.extend(range.clone()),
                    Statement::Store { pointer, .. } => round.stored.extend(seen.root(*pointer)),
                    Statement::Call { arguments, result, .. } => {
                        round.worked.extend(*result);
                        round.stored.extend(arguments.iter().filter_map(|e| seen.root(*e)));
                    }
                    Statement::WorkGroupUniformLoad { result, .. } => {
                        round.worked.insert(*result);
                    }
                    _ => blocks.extend(inner(statement)),
                }
            }
        }
        round
    }
}

/// The condition that a loop asks before anything else, and whether it goes on where it holds.
pub(super) fn first_question(body: &Block) -> Option<(Handle<Expression>, bool)> {
    let leaves = |block: &Block| {
        let last = |s: &Statement| matches!(s, Statement::Break | Statement::Return { .. });
        block.iter().all(|s| last(s) || matches!(s, Statement::Emit(_))) && block.iter().any(last)
    };
    let asked = body.iter().find(|s| !matches!(s, Statement::Emit(_)))?;
    match asked {
        Statement::If { condition, accept, .. } if leaves(accept) => Some((*condition, false)),
        Statement::If { condition, reject, .. } if leaves(reject) => Some((*condition, true)),
        _ => None,
    }
}

/// Whether a round may skip what is left of the body.
pub(super) fn skips(block: &Block) -> bool {
    block.iter().any(|statement| match statement {
        Statement::Continue => true,
        // Its own rounds.
        Statement::Loop { .. } => false,
        _ => inner(statement).into_iter().any(skips),
    })
}

impl Seen<'_> {
    /// How often a variable is written in a block, or may be.
    pub(super) fn stores(&self, block: &Block, local: Handle<LocalVariable>) -> usize {
        let is = |e: &Handle<Expression>| self.root(*e) == Some(local);
        let one = |statement: &Statement| match statement {
            Statement::Store { pointer, .. } => usize::from(is(pointer)),
            Statement::Call { arguments, .. } => 2 * arguments.iter().filter(|e| is(e)).count(),
            _ => inner(statement).into_iter().map(|block| self.stores(block, local)).sum(),
        };
        block.iter().map(one).sum()
    }

    /// The value that a block itself, not one inside it, gives to a variable.
    pub(super) fn stored(
        &self,
        block: &Block,
        local: Handle<LocalVariable>,
    ) -> Option<Handle<Expression>> {
        block.iter().find_map(|statement| match statement {
            Statement::Store { pointer, value } => {
                let whole = Expression::LocalVariable(local);
                matches!(&self.function.expressions[*pointer], e if *e == whole).then_some(*value)
            }
            Statement::Block(block) => self.stored(block, local),
            _ => None,
        })
    }

    pub(super) fn root(&self, pointer: Handle<Expression>) -> Option<Handle<LocalVariable>> {
        match self.function.expressions[pointer] {
            Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => {
                self.root(base)
            }
            Expression::LocalVariable(local) => Some(local),
            _ => None,
        }
    }
}
