//! What models of the OpenAI format take, where their names are all there is to tell.

/// Model families from before reasoning, which refuse `reasoning_effort` with 400. Any other model is taken to know
/// it: all that vendors bring out now do.
const WITHOUT_EFFORT: [&str; 14] = [
    "gpt-3",
    "gpt-4",
    "chatgpt-4o",
    "llama",
    "mixtral",
    "ministral",
    "mistral-large",
    "mistral-tiny",
    "codestral",
    "pixtral",
    "gemma",
    "gemini-1",
    "gemini-2.0",
    "grok-2",
];

/// Whether the model knows `reasoning_effort`.
pub(crate) fn take_effort(model: &str) -> bool {
    let name = model
        .rsplit_once('/')
        .map_or(model, |(_, name)| name)
        .to_ascii_lowercase();
    let name = name.strip_prefix("meta-").unwrap_or(&name);
    !WITHOUT_EFFORT.iter().any(|family| name.starts_with(family))
}
