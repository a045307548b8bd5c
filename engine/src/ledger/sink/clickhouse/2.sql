ALTER TABLE {table}
  ADD COLUMN IF NOT EXISTS task_class Nullable(String),
  ADD COLUMN IF NOT EXISTS task_margin Nullable(Float64),
  ADD COLUMN IF NOT EXISTS task_by Nullable(String)
