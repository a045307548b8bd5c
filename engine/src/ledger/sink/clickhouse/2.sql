ALTER TABLE {table}
  ADD COLUMN task_class Nullable(String),
  ADD COLUMN task_margin Nullable(Float64),
  ADD COLUMN task_by Nullable(String)
