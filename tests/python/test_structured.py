"""Answers that fit a schema."""

import pydantic

QUESTION = [{"role": "user", "content": "What is the weather in Rome?"}]


class Weather(pydantic.BaseModel):
    city: str
    days: int


def test_chat(chat, model):
    choice = chat.chat.completions.parse(model=model(), messages=QUESTION, response_format=Weather).choices[0]
    assert isinstance(choice.message.parsed, Weather) and choice.finish_reason == "stop"


def test_messages(claude, model):
    answer = claude.messages.parse(model=model(), max_tokens=200, messages=QUESTION, output_format=Weather)
    assert isinstance(answer.parsed_output, Weather) and answer.stop_reason == "end_turn"
