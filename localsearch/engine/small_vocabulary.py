"""What tokens does a generated Qwen3 model know? Bytes, some words, Qwen3's own specials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# `enum llama_token_type` in llama.h.
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

# The added tokens of Qwen3 in the order of their ids, which begin at 151643 (tokenizer_config.json
# of Qwen/Qwen3-Embedding-0.6B). Those up to <|video_pad|> are marked special there.
_CONTROL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>",
    "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
_ADDED_TOKENS = (
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
    "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>",
    "<think>", "</think>",
)  # fmt: skip
QWEN3_VOCABULARY_SIZE = 151_669
_QWEN3_FIRST_ADDED = QWEN3_VOCABULARY_SIZE - len(_CONTROL_TOKENS) - len(_ADDED_TOKENS)
_QWEN3_ANSWER_IDS = {"yes": 9693, "no": 2152}

# Words that get a token of their own, so that texts in several scripts meet merges of many lengths.
_WORDS = (
    "yes no Document Query Instruct Judge system user assistant the The of and to in is that it "
    "for you with on are this be or as by answer only can document meets requirements based "
    "provided Note Given web search query retrieve relevant passages house water light market "
    "garden night morning sleep memory def return self import class None der die und das ist nicht "
    "eine les des est une que los para con не что это как для на по и в 的 是 不 了 在 我 有 人 "
    "这 中 国 の に は を た が する 한 이 는 에 을 في من على ال है के में की का से ที่ และ การ να και το"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Token texts as GGUF stores them (bytes in GPT-2's printable form), types, and BPE merges."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]

    def id_of(self, token: str) -> int:
        """The id of a token by its text; raises ValueError when there's none."""
        return self.tokens.index(token)


def printable_bytes() -> dict[int, str]:
    """GPT-2's one-to-one map from bytes to printable characters (`bytes_to_unicode`)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {byte: chr(byte) for byte in shown}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(shown))
    return table


def build_vocabulary(size: int = 0) -> Vocabulary:
    """All 256 bytes, merges that build a few words, and the special tokens.

    `size` 0 means as few tokens as that takes; Qwen3's own size puts the special tokens and the
    answers "yes" and "no" at the ids they have there; tokens that nothing spells fill the rest.
    """
    table = printable_bytes()
    texts = dict.fromkeys(table[byte] for byte in range(256))
    merges: dict[str, None] = {}
    for word in _with_spaces(_WORDS.split()):
        letters = [table[byte] for byte in word.encode()]
        built = letters[0]
        for letter in letters[1:]:
            merges.setdefault(f"{built} {letter}")
            built += letter
            texts.setdefault(built)
    added = _CONTROL_TOKENS + _ADDED_TOKENS
    added_types = (CONTROL,) * len(_CONTROL_TOKENS) + (USER_DEFINED,) * len(_ADDED_TOKENS)
    size = size or len(texts) + len(added)
    if size < len(texts) + len(added):
        raise ValueError(f"a vocabulary of {size} has no room for {len(texts) + len(added)} tokens")
    normal, types = _fill(list(texts), size - len(added))
    return Vocabulary((*normal, *added), (*types, *added_types), tuple(merges))


def _with_spaces(words: list[str]) -> Iterator[str]:
    for word in words:
        yield word
        yield " " + word


def _fill(texts: list[str], size: int) -> tuple[list[str], list[int]]:
    wanted = _QWEN3_ANSWER_IDS if size == _QWEN3_FIRST_ADDED else {}
    placed = {index: text for text, index in wanted.items()}
    rest = iter([text for text in texts if text not in wanted])
    tokens: list[str] = []
    types: list[int] = []
    for index in range(size):
        text = placed.get(index) or next(rest, "")
        tokens.append(text or f"[unused{index}]")
        types.append(NORMAL if text else UNUSED)
    return tokens, types
