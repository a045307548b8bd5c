//! What calls ask for, counted.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use wayleave_core::task::Classified;

use super::Label;

/// The metrics of classes of tasks.
#[derive(Debug, Default)]
pub(super) struct TaskMetrics {
    calls: Family<TaskLabels, Counter>,
}

/// Classes come from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    route: Label,
    class: Label,
    by: &'static str,
}

impl TaskMetrics {
    pub(super) fn register(&self, own: &mut Registry) {
        own.register(
            "task_calls",
            "Calls whose class is known, by class and by how it was found",
            self.calls.clone(),
        );
    }

    pub(super) fn classified(&self, route: Label, task: &Classified) {
        let labels = TaskLabels {
            route,
            class: Label(task.class.clone()),
            by: task.by.as_str(),
        };
        self.calls.get_or_create(&labels).inc();
    }
}
