//! Whether the end of every loop of a kernel can be seen.
//!
//! To a driver's optimiser an endless loop may mean that nothing after it is reached, checks of
//! indexes included. A counter in the loop takes that meaning away, and with it much of the
//! unrolling. So the counter is left out only where the text shows that a loop ends: it asks, first
//! of all, whether a variable has passed a bound that stays as it is, and moves that variable towards
//! the bound in every round, and nowhere else.

mod round;
mod values;

use naga::{
    BinaryOperator as Op, Block, Expression, Function, Handle, LocalVariable, Module, Statement,
    UnaryOperator,
};
use round::{Round, first_question, skips};

/// The largest bound that a size can be. Beyond it a variable may step over the end of the numbers.
const LARGEST: i64 = i32::MAX as i64;

/// Whether all loops of a module are seen to end.
pub fn end(module: &Module) -> bool {
    let entries = module.entry_points.iter().map(|entry| &entry.function);
    let mut functions = module.functions.iter().map(|(_, f)| f).chain(entries);
    functions.all(|function| Seen { module, function }.block(&function.body))
}

struct Seen<'a> {
    module: &'a Module,
    function: &'a Function,
}

/// A statement's blocks.
fn inner(statement: &Statement) -> Vec<&Block> {
    match statement {
        Statement::Block(block) => vec![block],
        Statement::If { accept, reject, .. } => vec![accept, reject],
        Statement::Switch { cases, .. } => cases.iter().map(|case| &case.body).collect(),
        Statement::Loop { body, continuing, .. } => vec![body, continuing],
        _ => Vec::new(),
    }
}

impl Seen<'_> {
    fn block(&self, block: &Block) -> bool {
        block.iter().all(|statement| {
            let ends = match statement {
                Statement::Loop { body, continuing, .. } => self.ends(body, continuing),
                _ => true,
            };
            ends && inner(statement).into_iter().all(|block| self.block(block))
        })
    }

    fn ends(&self, body: &Block, continuing: &Block) -> bool {
        let round = Round::of(self, body, continuing);
        let Some((condition, stays)) = first_question(body) else { return false };
        let Some((op, left, right)) = self.comparison(condition, stays) else { return false };
        self.passes(&round, body, continuing, op, left, right)
            || self.passes(&round, body, continuing, mirrored(op), right, left)
    }

    /// The comparison that has to hold for the loop to go on.
    fn comparison(
        &self,
        condition: Handle<Expression>,
        stays: bool,
    ) -> Option<(Op, Handle<Expression>, Handle<Expression>)> {
        match self.function.expressions[condition] {
            Expression::Unary { op: UnaryOperator::LogicalNot, expr } => {
                self.comparison(expr, !stays)
            }
            Expression::Binary { op, left, right } => {
                let op = if stays { op } else { opposite(op)? };
                Some((op, left, right))
            }
            _ => None,
        }
    }

    /// Whether `variable op bound` turns false at last.
    fn passes(
        &self,
        round: &Round,
        body: &Block,
        continuing: &Block,
        op: Op,
        variable: Handle<Expression>,
        bound: Handle<Expression>,
    ) -> bool {
        let Some(local) = self.loaded(round, variable) else { return false };
        if !self.stays(round, bound)
            || self.stores(body, local) + self.stores(continuing, local) != 1
        {
            return false;
        }
        // Where every round comes by: the end of the loop, or its body if no round leaves that early.
        let always = std::iter::once(continuing).chain((!skips(body)).then_some(body));
        let Some(value) = always.filter_map(|block| self.stored(block, local)).next() else {
            return false;
        };
        let Some((step, by)) = self.step(round, value, local) else { return false };
        let at = self.number(bound);
        let signed = self.is_signed(local);
        match (op, step) {
            (Op::Less | Op::LessEqual, Op::Add) => by >= 1 && at.is_none_or(|n| n < LARGEST),
            (Op::Greater, Op::Subtract) => by == 1 || signed && (1..=LARGEST).contains(&by),
            (Op::GreaterEqual, Op::Subtract) => {
                signed && by > 0 || by == 1 && at.is_some_and(|n| n >= 1)
            }
            (Op::Greater, Op::ShiftRight) => by >= 1 && self.not_below(bound, local, 0),
            (Op::Greater, Op::Divide) => by >= 2 && self.not_below(bound, local, 0),
            (Op::GreaterEqual, Op::ShiftRight) => by >= 1 && self.not_below(bound, local, 1),
            (Op::GreaterEqual, Op::Divide) => by >= 2 && self.not_below(bound, local, 1),
            (Op::NotEqual, Op::ShiftRight) => !signed && by >= 1 && at == Some(0),
            (Op::NotEqual, Op::Divide) => !signed && by >= 2 && at == Some(0),
            _ => false,
        }
    }

    fn not_below(
        &self,
        bound: Handle<Expression>,
        local: Handle<LocalVariable>,
        least: i64,
    ) -> bool {
        match self.number(bound) {
            Some(n) => n >= least,
            None => least == 0 && !self.is_signed(local),
        }
    }
}

fn opposite(op: Op) -> Option<Op> {
    Some(match op {
        Op::Less => Op::GreaterEqual,
        Op::LessEqual => Op::Greater,
        Op::Greater => Op::LessEqual,
        Op::GreaterEqual => Op::Less,
        Op::Equal => Op::NotEqual,
        _ => return None,
    })
}

fn mirrored(op: Op) -> Op {
    match op {
        Op::Less => Op::Greater,
        Op::LessEqual => Op::GreaterEqual,
        Op::Greater => Op::Less,
        Op::GreaterEqual => Op::LessEqual,
        other => other,
    }
}

#[cfg(test)]
mod tests;
