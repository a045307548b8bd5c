#!/bin/sh
# Runs one step of a task, with its name before and its seconds after.
#
# Usage: tools/step.sh NAME COMMAND [ARGUMENT...]
set -u
name=$1
shift
echo "==> $name"
start=$(date +%s)
"$@"
status=$?
seconds=$(($(date +%s) - start))
if [ "$status" -eq 0 ]; then
  echo "    $name: $seconds s"
else
  echo "    $name: FAILED after $seconds s. To run it alone: $*" >&2
fi
exit "$status"
