//! What a value is: a number, the same in each round, at least 1.

use super::round::Round;
use super::{LARGEST, Seen};
use naga::{
    AddressSpace, BinaryOperator as Op, Binding, BuiltIn, Expression, Handle, Literal,
    LocalVariable, ScalarKind, StorageAccess, TypeInner,
};

impl Seen<'_> {
    pub(super) fn is_signed(&self, local: Handle<LocalVariable>) -> bool {
        let ty = &self.module.types[self.function.local_variables[local].ty].inner;
        ty.scalar_kind() != Some(ScalarKind::Uint)
    }

    /// The variable that an expression reads in each round, if it is a whole number.
    pub(super) fn loaded(
        &self,
        round: &Round,
        expression: Handle<Expression>,
    ) -> Option<Handle<LocalVariable>> {
        if !round.worked.contains(&expression) {
            return None;
        }
        let Expression::Load { pointer } = self.function.expressions[expression] else {
            return None;
        };
        let Expression::LocalVariable(local) = self.function.expressions[pointer] else {
            return None;
        };
        let ty = &self.module.types[self.function.local_variables[local].ty].inner;
        let TypeInner::Scalar(scalar) = ty else { return None };
        (matches!(scalar.kind, ScalarKind::Sint | ScalarKind::Uint) && scalar.width == 4)
            .then_some(local)
    }

    /// `variable op number`, as the variable's next value. A number that is not known but is at
    /// least 1 stands as 1.
    pub(super) fn step(
        &self,
        round: &Round,
        value: Handle<Expression>,
        local: Handle<LocalVariable>,
    ) -> Option<(Op, i64)> {
        let Expression::Binary { op, left, right } = self.function.expressions[value] else {
            return None;
        };
        let (first, second) = (self.loaded(round, left), self.loaded(round, right));
        let by = match op {
            Op::Add | Op::Subtract | Op::ShiftRight | Op::Divide if first == Some(local) => right,
            Op::Add if second == Some(local) => left,
            _ => return None,
        };
        let least = || (op == Op::Add && self.is_positive(round, by)).then_some(1);
        Some((op, self.number(by).filter(|n| *n <= LARGEST).or_else(least)?))
    }

    /// Whether a whole number is at least 1 for sure: the size of the grid, a constant, and what
    /// comes of them. Sizes of grids and groups are far too small to overflow.
    pub(super) fn is_positive(&self, round: &Round, expression: Handle<Expression>) -> bool {
        let is = |e: Handle<Expression>| self.is_positive(round, e);
        if !round.may_look() {
            return false;
        }
        match &self.function.expressions[expression] {
            Expression::AccessIndex { base, .. } => {
                let Expression::FunctionArgument(at) = self.function.expressions[*base] else {
                    return false;
                };
                let grid = Some(Binding::BuiltIn(BuiltIn::NumWorkGroups));
                self.function.arguments.get(at as usize).is_some_and(|a| a.binding == grid)
            }
            Expression::Binary { op: Op::Multiply | Op::Add, left, right } => {
                is(*left) && is(*right)
            }
            _ => self.number(expression).is_some_and(|n| (1..=1 << 16).contains(&n)),
        }
    }

    pub(super) fn number(&self, expression: Handle<Expression>) -> Option<i64> {
        let literal = match self.function.expressions[expression] {
            Expression::Literal(literal) => literal,
            Expression::Constant(constant) => {
                let init = self.module.constants[constant].init;
                match self.module.global_expressions[init] {
                    Expression::Literal(literal) => literal,
                    _ => return None,
                }
            }
            _ => return None,
        };
        match literal {
            Literal::U32(n) => Some(n.into()),
            Literal::I32(n) => Some(n.into()),
            _ => None,
        }
    }

    /// Whether an expression has the same value in each round.
    pub(super) fn stays(&self, round: &Round, expression: Handle<Expression>) -> bool {
        let stays = |e: &Handle<Expression>| self.stays(round, *e);
        // What is named twice is looked at twice, and what names that, four times.
        if !round.may_look() {
            return false;
        }
        match &self.function.expressions[expression] {
            Expression::Literal(_)
            | Expression::Constant(_)
            | Expression::ZeroValue(_)
            | Expression::FunctionArgument(_)
            | Expression::GlobalVariable(_) => true,
            Expression::LocalVariable(local) => !round.stored.contains(local),
            // Of subgroups and the like, which nobody keeps an account of here.
            Expression::AtomicResult { .. }
            | Expression::SubgroupBallotResult
            | Expression::SubgroupOperationResult { .. }
            | Expression::RayQueryProceedResult => false,
            // Named before the loop: it was worked out there.
            _ if !round.worked.contains(&expression) => true,
            Expression::Load { pointer } => self.is_constant(*pointer) && stays(pointer),
            Expression::Access { base, index } => stays(base) && stays(index),
            Expression::AccessIndex { base, .. } => stays(base),
            Expression::Unary { expr, .. } | Expression::As { expr, .. } => stays(expr),
            Expression::Binary { left, right, .. } => stays(left) && stays(right),
            Expression::Select { condition, accept, reject } => {
                stays(condition) && stays(accept) && stays(reject)
            }
            Expression::Math { arg, arg1, arg2, arg3, .. } => {
                stays(arg) && [arg1, arg2, arg3].into_iter().flatten().all(stays)
            }
            Expression::ArrayLength(_) => true,
            _ => false,
        }
    }

    /// Whether a pointer leads to what nobody writes while the kernel runs, or to a variable.
    pub(super) fn is_constant(&self, pointer: Handle<Expression>) -> bool {
        match &self.function.expressions[pointer] {
            Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => {
                self.is_constant(*base)
            }
            Expression::LocalVariable(_) => true,
            Expression::GlobalVariable(global) => match self.module.global_variables[*global].space
            {
                AddressSpace::Uniform => true,
                AddressSpace::Storage { access } => !access.contains(StorageAccess::STORE),
                _ => false,
            },
            _ => false,
        }
    }
}
