# The folder of everything that is fetched or built once: sourced by the other scripts.
if [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache="$XDG_CACHE_HOME/wayleave"
elif [ -n "${HOME:-}" ]; then
  cache="$HOME/.cache/wayleave"
else
  echo "neither HOME nor XDG_CACHE_HOME is set: set one, so that there is a place for fetched programs" >&2
  exit 1
fi
