"""Images in requests."""

import base64

import stub as answers
from google.genai import types

# One pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
URL = "https://example.com/cat.jpg"
DATA_URL = f"data:image/png;base64,{PNG}"


def prepare(stub, upstream, name):
    model = f"stub-{upstream}-{name}"
    stub.answers[model] = (200, answers.saying(upstream, "A cat."))
    return model


def images_in(upstream, asked):
    """The images that the provider got: as URLs in its format."""
    if upstream == "openai":
        (turn,) = asked["messages"]
        return [part["image_url"]["url"] for part in turn["content"] if part["type"] == "image_url"]
    if upstream == "responses":
        (turn,) = asked["input"]
        return [part["image_url"] for part in turn["content"] if part["type"] == "input_image"]
    if upstream == "gemini":
        (turn,) = asked["contents"]
        return [gemini_image(part) for part in turn["parts"] if "text" not in part]
    (turn,) = asked["messages"]
    sources = [block["source"] for block in turn["content"] if block["type"] == "image"]
    return [
        source["url"] if source["type"] == "url" else f"data:{source['media_type']};base64,{source['data']}"
        for source in sources
    ]


def gemini_image(part):
    """Google's client, which passes unchanged, writes other names and base64 of the other alphabet."""
    if found := part.get("fileData") or part.get("file_data"):
        return found.get("fileUri") or found["file_uri"]
    found = part.get("inlineData") or part["inline_data"]
    data = found["data"].replace("-", "+").replace("_", "/")
    return f"data:{found.get('mimeType') or found['mime_type']};base64,{data}"


def test_chat(chat, stub, stubbed):
    model = prepare(stub, stubbed, "images-of-chat")
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in (DATA_URL, URL)]
    content = [{"type": "text", "text": "What is this?"}, *parts]
    answer = chat.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == "A cat."
    assert images_in(stubbed, stub.asked[model]) == [DATA_URL, URL]


def test_responses(chat, stub, stubbed):
    # OpenAI has this client's own format, too.
    spoken = "responses" if stubbed == "openai" else stubbed
    model = f"stub-{stubbed}-images-of-responses"
    stub.answers[model] = (200, answers.saying(spoken, "A cat."))
    parts = [{"type": "input_image", "image_url": url, "detail": "auto"} for url in (DATA_URL, URL)]
    content = [{"type": "input_text", "text": "What is this?"}, *parts]
    answer = chat.responses.create(model=model, input=[{"role": "user", "content": content}])
    assert answer.output_text == "A cat."
    assert images_in(spoken, stub.asked[model]) == [DATA_URL, URL]


def test_messages(claude, stub, stubbed):
    model = prepare(stub, stubbed, "images-of-messages")
    sources = [{"type": "base64", "media_type": "image/png", "data": PNG}, {"type": "url", "url": URL}]
    content = [
        *({"type": "image", "source": source} for source in sources),
        {"type": "text", "text": "What is this?"},
    ]
    answer = claude.messages.create(
        model=model, max_tokens=50, messages=[{"role": "user", "content": content}]
    )
    assert answer.content[0].text == "A cat."
    assert images_in(stubbed, stub.asked[model]) == [DATA_URL, URL]


def test_google(gemini, stub, stubbed):
    model = prepare(stub, stubbed, "images-of-google")
    picture = types.Part.from_bytes(data=base64.b64decode(PNG), mime_type="image/png")
    linked = types.Part.from_uri(file_uri=URL, mime_type="image/jpeg")
    contents = [types.Part(text="What is this?"), picture, linked]
    assert gemini.models.generate_content(model=model, contents=contents).text == "A cat."
    assert images_in(stubbed, stub.asked[model]) == [DATA_URL, URL]


def test_the_simulator_takes_them(chat, model):
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": DATA_URL}}]
    answer = chat.chat.completions.create(model=model("echo"), messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content == "What is this?"
    assert answer.usage.prompt_tokens > 50, "an image counts"
