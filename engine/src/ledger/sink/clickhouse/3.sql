ALTER TABLE {table}
  MODIFY COLUMN kind Enum8('attempt' = 1, 'call' = 2, 'feedback' = 3),
  ADD COLUMN feedback_name Nullable(String),
  ADD COLUMN feedback_value Nullable(Float64),
  ADD COLUMN feedback_comment Nullable(String),
  ADD COLUMN feedback_counted Nullable(UInt8)
