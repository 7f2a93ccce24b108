//! What the statements of a function cost, in steps.

use super::module::Measured;
use naga::proc::TypeResolution;
use naga::valid::FunctionInfo;
use naga::{
    AddressSpace, BinaryOperator, Expression, Function, Handle, MathFunction, Statement, TypeInner,
};

/// What a step costs beyond a plain one. A software adapter writes a memory access out for each of
/// its lanes, with naga's check of the index; and a sine or a power as a polynomial.
const MEMORY_ACCESS: u64 = 8;
const SERIES: u64 = 24;
const BRANCH: u64 = 8;

/// Weighs one function.
pub(super) struct Weigh<'a> {
    pub(super) measured: &'a Measured<'a>,
    pub(super) function: &'a Function,
    pub(super) info: &'a FunctionInfo,
}

impl Weigh<'_> {
    fn numbers(&self, handle: Handle<Expression>) -> u64 {
        let numbers = match &self.info[handle].ty {
            TypeResolution::Handle(ty) => self.measured.size(*ty).numbers,
            TypeResolution::Value(inner) => self.measured.inner(inner).numbers,
        };
        numbers.max(1)
    }

    pub(super) fn expression(&self, handle: Handle<Expression>) -> u64 {
        let numbers = self.numbers(handle);
        match &self.function.expressions[handle] {
            Expression::GlobalVariable(_)
            | Expression::LocalVariable(_)
            | Expression::FunctionArgument(_)
            | Expression::Literal(_) => 0,
            Expression::Access { base, .. } => numbers.saturating_add(self.choice(*base)),
            Expression::Load { pointer } => numbers.saturating_mul(self.access(*pointer)),
            Expression::Math { fun, .. } if is_series(*fun) => numbers.saturating_mul(SERIES),
            Expression::Binary { op: BinaryOperator::Divide | BinaryOperator::Modulo, .. } => {
                numbers.saturating_mul(BRANCH)
            }
            _ => numbers,
        }
    }

    /// What a number of this pointer's costs to read or write.
    fn access(&self, pointer: Handle<Expression>) -> u64 {
        let inner = self.info[pointer].ty.inner_with(&self.measured.module.types);
        let local =
            matches!(inner.pointer_space(), Some(AddressSpace::Function | AddressSpace::Private));
        let whole = matches!(
            self.function.expressions[pointer],
            Expression::LocalVariable(_) | Expression::GlobalVariable(_)
        );
        if local && whole { 1 } else { MEMORY_ACCESS }
    }

    /// What it costs to index an array that has no place in memory: drivers keep it in registers, and
    /// choose among them one by one. Nine choices among 1,024 take LLVM half a minute, and its time
    /// grows with the square.
    fn choice(&self, base: Handle<Expression>) -> u64 {
        let inner = self.info[base].ty.inner_with(&self.measured.module.types);
        let numbers = match inner {
            TypeInner::Pointer { base, space: AddressSpace::Function | AddressSpace::Private } => {
                self.measured.size(*base).numbers
            }
            TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. } => 0,
            value => self.measured.inner(value).numbers,
        };
        numbers.saturating_mul(numbers) / 16
    }

    /// The statements, and the steps of what they call.
    pub(super) fn statements(&self, before: &[u64]) -> u64 {
        let mut steps = 0u64;
        let mut blocks = vec![&self.function.body];
        while let Some(block) = blocks.pop() {
            for statement in block.iter() {
                let step = match statement {
                    Statement::Block(inner) => {
                        blocks.push(inner);
                        0
                    }
                    Statement::If { accept, reject, .. } => {
                        blocks.extend([accept, reject]);
                        BRANCH
                    }
                    Statement::Switch { cases, .. } => {
                        blocks.extend(cases.iter().map(|c| &c.body));
                        BRANCH.saturating_mul(cases.len() as u64)
                    }
                    Statement::Loop { body, continuing, .. } => {
                        blocks.extend([body, continuing]);
                        BRANCH
                    }
                    Statement::Store { pointer, value } => {
                        self.numbers(*value).saturating_mul(self.access(*pointer))
                    }
                    Statement::Atomic { .. } => 2 * MEMORY_ACCESS,
                    // Called functions come first in the module.
                    Statement::Call { function, .. } => {
                        before.get(function.index()).copied().unwrap_or(u64::MAX)
                    }
                    _ => 1,
                };
                steps = steps.saturating_add(step);
            }
        }
        steps
    }
}

/// The longest row of calls that begins here.
pub(super) fn deepest(function: &Function, before: &[u64]) -> u64 {
    let (mut most, mut blocks) = (0, vec![&function.body]);
    while let Some(block) = blocks.pop() {
        for statement in block.iter() {
            match statement {
                Statement::Block(inner) => blocks.push(inner),
                Statement::If { accept, reject, .. } => blocks.extend([accept, reject]),
                Statement::Switch { cases, .. } => blocks.extend(cases.iter().map(|c| &c.body)),
                Statement::Loop { body, continuing, .. } => blocks.extend([body, continuing]),
                Statement::Call { function, .. } => {
                    let depth = before.get(function.index()).copied().unwrap_or(u64::MAX);
                    most = most.max(depth);
                }
                _ => {}
            }
        }
    }
    most
}

fn is_series(fun: MathFunction) -> bool {
    use MathFunction as M;
    let cheap = matches!(
        fun,
        M::Abs
            | M::Min
            | M::Max
            | M::Clamp
            | M::Saturate
            | M::Floor
            | M::Ceil
            | M::Round
            | M::Fract
            | M::Trunc
            | M::Sign
            | M::Fma
            | M::Mix
            | M::Step
            | M::Sqrt
            | M::Dot
            | M::InverseSqrt
            | M::CountOneBits
            | M::ReverseBits
            | M::ExtractBits
            | M::InsertBits
    );
    !cheap
}
