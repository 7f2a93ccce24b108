//! Hands the answers of this exercise to its judges.
use ex02_autograd::{leak, local_rules, topological, unbroadcast};
use strata_grader::ex02::leak::Leak;
use strata_grader::ex02::local_rules::LocalRules;
use strata_grader::ex02::topological::Topological;
use strata_grader::ex02::unbroadcast::Unbroadcast;
use strata_grader::{ex02, harness};

fn main() -> std::process::ExitCode {
    harness::main(
        "ex02-autograd",
        &[
            harness::rust("local_rules", || {
                ex02::local_rules::judge(&LocalRules {
                    mul: local_rules::mul,
                    div: local_rules::div,
                    exp: local_rules::exp,
                    tanh: local_rules::tanh,
                    sqrt: local_rules::sqrt,
                    relu: local_rules::relu,
                })
            }),
            harness::rust("unbroadcast", || {
                ex02::unbroadcast::judge(&Unbroadcast { unbroadcast: unbroadcast::unbroadcast })
            }),
            harness::rust("topological", || {
                ex02::topological::judge(&Topological {
                    order: topological::order,
                    backward: topological::backward,
                })
            }),
            harness::rust("leak", || ex02::leak::judge(&Leak { train: leak::train })),
        ],
    )
}
