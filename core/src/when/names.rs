//! The names that a condition uses, found in its syntax tree.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// Names in a condition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Variables, without those that its own comprehensions bind.
    pub(super) variables: BTreeSet<String>,
    /// `X` of each `request.X`.
    pub(super) members: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(expression: &IdedExpr) -> Self {
        let mut names = Self::default();
        names.visit(&expression.expr, &mut Vec::new());
        names
    }

    fn visit<'e>(&mut self, expr: &'e Expr, bound: &mut Vec<&'e str>) {
        match expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => {
                if !bound.contains(&name.as_str()) {
                    self.variables.insert(name.clone());
                }
            }
            Expr::Select(select) => {
                if matches!(&select.operand.expr, Expr::Ident(name) if name == "request") {
                    self.members.insert(select.field.clone());
                }
                self.visit(&select.operand.expr, bound);
            }
            Expr::Call(call) => {
                if let Some(target) = &call.target {
                    self.visit(&target.expr, bound);
                }
                self.visit_all(call.args.iter().map(|arg| &arg.expr), bound);
            }
            Expr::List(list) => self.visit_all(list.elements.iter().map(|element| &element.expr), bound),
            Expr::Map(map) => self.visit_entries(map.entries.iter().map(|entry| &entry.expr), bound),
            Expr::Struct(object) => self.visit_entries(object.entries.iter().map(|entry| &entry.expr), bound),
            Expr::Comprehension(comprehension) => {
                let c = &**comprehension;
                self.visit(&c.iter_range.expr, bound);
                let depth = bound.len();
                bound.extend([c.iter_var.as_str(), c.accu_var.as_str()]);
                bound.extend(c.iter_var2.as_deref());
                self.visit_all(
                    [
                        &c.accu_init.expr,
                        &c.loop_cond.expr,
                        &c.loop_step.expr,
                        &c.result.expr,
                    ]
                    .into_iter(),
                    bound,
                );
                bound.truncate(depth);
            }
        }
    }

    fn visit_all<'e>(&mut self, exprs: impl Iterator<Item = &'e Expr>, bound: &mut Vec<&'e str>) {
        for expr in exprs {
            self.visit(expr, bound);
        }
    }

    fn visit_entries<'e>(&mut self, entries: impl Iterator<Item = &'e EntryExpr>, bound: &mut Vec<&'e str>) {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.visit(&field.value.expr, bound),
                EntryExpr::MapEntry(entry) => {
                    self.visit_all([&entry.key.expr, &entry.value.expr].into_iter(), bound);
                }
            }
        }
    }
}
